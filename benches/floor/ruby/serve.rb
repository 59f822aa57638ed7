# What the Ruby services share: the server (a thread for each connection), ballast, and the service's own count of its
# live memory.
#
# serve { |id, body| answer }. When OWN_COUNT_FILE is set and nothing was asked for a moment, the service collects and
# appends a line.
require 'json'
require 'socket'

# Shorter than Drip rests before it reads, so that the count is done by then.
REST_SECONDS = 0.1
BALLAST_OBJECT_BYTES = 160

BALLAST_OBJECTS = ENV.fetch('BALLAST_MB', '0').to_i * 1_000_000 / BALLAST_OBJECT_BYTES
BALLAST = Array.new(BALLAST_OBJECTS) { |i| [i, "ballast #{i} " * 6] }
TALLY = { begun: 0, answered: 0, counted: 0, last: 0.0 }
LOCK = Mutex.new

def clock = Process.clock_gettime(Process::CLOCK_MONOTONIC)

def count_when_at_rest(file)
  require 'objspace'
  loop do
    sleep REST_SECONDS / 8
    now = clock
    answered, last = LOCK.synchronize { TALLY.values_at(:answered, :last) }
    next if answered == TALLY[:counted] || now - last < REST_SECONDS
    TALLY[:counted] = answered
    GC.start
    bytes = ObjectSpace.memsize_of_all
    line = { requests: answered, bytes: bytes, ms: ((clock - now) * 1000).round }
    File.write(file, "#{line.to_json}\n", mode: 'a')
  end
end

def read_body(connection)
  length = 0
  while (line = connection.gets) && line != "\r\n"
    length = line.split(':')[1].to_i if line.downcase.start_with?('content-length:')
  end
  line && (length.zero? ? '' : connection.read(length))
end

def converse(connection)
  connection.setsockopt(Socket::IPPROTO_TCP, Socket::TCP_NODELAY, 1)
  while connection.gets && (body = read_body(connection))
    reply = yield LOCK.synchronize { TALLY[:begun] += 1 }, body
    connection.write("HTTP/1.1 200 OK\r\nContent-Length: #{reply.bytesize}\r\n\r\n#{reply}")
    LOCK.synchronize { TALLY[:answered] += 1; TALLY[:last] = clock }
  end
rescue SystemCallError, IOError
  nil
ensure
  connection.close
end

def serve(&answer)
  server = TCPServer.new('127.0.0.1', ENV.fetch('PORT', '0').to_i)
  server.listen(128)
  file = ENV['OWN_COUNT_FILE']
  Thread.new { count_when_at_rest(file) } if file
  loop { Thread.new(server.accept) { |connection| converse(connection, &answer) } }
end
