// Live memory on demand, for Drip (a tool that finds memory leaks in HTTP services).
//
// Drip adds this file to the build of a service that it starts. Without DRIP_FLOOR in its environment, the
// program only looks that variable up when it starts, and does nothing else.
//
// With it, a goroutine listens on a Unix socket in the folder that the variable names. Whoever connects makes
// the program collect, and is told four numbers. Nothing is read from the connection, and nothing else is
// ever said.
package textproto

import (
	"net"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"time"
)

const (
	// Finalizers run beside us after the first collection; what they let go is garbage of the second one.
	dripFloorFinalizersWait = 2 * time.Millisecond
	// The answer fits into the socket's buffer, so this is never reached.
	dripFloorWriteMax = 5 * time.Second
	// Out of descriptors, for example: that passes, or is the very leak that is looked for.
	dripFloorFailuresMax  = 100
	dripFloorFailurePause = 100 * time.Millisecond
)

func init() {
	if folder := os.Getenv("DRIP_FLOOR"); folder != "" {
		go dripFloorServe(folder + "/" + strconv.Itoa(os.Getpid()) + ".sock")
	}
}

func dripFloorServe(path string) {
	// A program that replaced itself by another left a socket under the same number.
	os.Remove(path)
	listener, err := net.Listen("unix", path)
	if err != nil {
		return
	}
	for failures := 0; failures < dripFloorFailuresMax; {
		connection, err := listener.Accept()
		if err != nil {
			failures++
			time.Sleep(dripFloorFailurePause)
			continue
		}
		failures = 0
		connection.SetDeadline(time.Now().Add(dripFloorWriteMax))
		connection.Write(dripFloorAnswer())
		connection.Close()
	}
	listener.Close()
}

func dripFloorAnswer() []byte {
	runtime.GC()
	time.Sleep(dripFloorFinalizersWait)
	// Collects too, and gives back what is free: memory seen from outside is eight times steadier with it.
	debug.FreeOSMemory()
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	answer := append(make([]byte, 0, 128), "heap="...)
	answer = strconv.AppendUint(answer, memory.HeapAlloc, 10)
	answer = append(answer, " stack="...)
	answer = strconv.AppendUint(answer, memory.StackInuse, 10)
	answer = append(answer, " objects="...)
	answer = strconv.AppendUint(answer, memory.HeapObjects, 10)
	// This goroutine is not the service's.
	answer = append(answer, " goroutines="...)
	answer = strconv.AppendInt(answer, int64(runtime.NumGoroutine()-1), 10)
	return append(answer, '\n')
}
