# Loaded by RUBYOPT when Drip starts a service. It listens on a Unix socket in the private folder of the run;
# whoever connects makes this process collect, gets one line of numbers, and is hung up on. Nothing of the
# heap is ever told.
#
# It must never break, slow or alter the service: whatever goes wrong, it stays silent. Extensions are
# required by the names of their shared objects and past RubyGems, so that no version of a gem is activated
# before Bundler chooses.
module DripFloor
  THREAD = "drip floor".freeze
  BACKLOG = 4
  # What only a finalizer held is freed by the next collection.
  COLLECTIONS = 2
  RETRY_SECONDS = 1

  # The methods of the user's classes may be patched later on; these are as Ruby made them.
  START = Thread.method(:start)

  class << self
    # Listens for this process; again after a fork, since no other thread survives one.
    def arm
      folder = ENV["DRIP_FLOOR"]
      return if folder.nil? || folder.empty? || @pid == Process.pid

      @pid = Process.pid
      load_extension("socket.so")
      listen("#{folder}/#{@pid}.sock")
    rescue Exception
      nil
    end

    private

    def load_extension(name)
      Kernel.respond_to?(:gem_original_require, true) ? gem_original_require(name) : require(name)
    end

    def listen(path)
      @server.close if @server
      # One of this number that went before, or this process before an exec.
      File.unlink(path) if File.socket?(path)
      server = @server = UNIXServer.new(path)
      server.listen(BACKLOG)
      hide(START.call { serve(server) })
    end

    # From here rather than from the thread itself, so that the service never sees it. A group of its own
    # keeps it out of the lists of the service's groups; an enclosed group lets nobody leave.
    def hide(thread)
      thread.name = THREAD
      thread.report_on_exception = false
      ThreadGroup.new.add(thread)
    rescue ThreadError
      nil
    end

    def serve(server)
      loop { serve_one(server) }
    rescue Exception
      # Better nobody than somebody who never answers.
      server.close
    end

    def serve_one(server)
      answer(server.accept)
    rescue Errno::EMFILE, Errno::ENFILE, Errno::ECONNABORTED
      # Without descriptors left, accept fails at once.
      sleep(RETRY_SECONDS)
    end

    def answer(client)
      client.write("#{figures.map { |name, value| "#{name}=#{value}" }.join(' ')}\n")
      # A process that was forked meanwhile has this connection too, and would keep it open.
      client.shutdown
    rescue SystemCallError, IOError
      nil
    ensure
      client.close
    end

    def figures
      load_extension("objspace.so")
      COLLECTIONS.times { GC.start(full_mark: true, immediate_sweep: true) }
      # Unlike memsize_of_all it counts Ruby's own objects too: variables that closures captured, compiled
      # code.
      bytes = ObjectSpace.count_objects_size[:TOTAL]
      { bytes: bytes, slots: GC.stat(:heap_live_slots), threads: Thread.list.size }
    end
  end

  # Since Ruby 3.1 every fork but that of Process.daemon goes through here.
  module Forks
    def _fork
      pid = super
      DripFloor.arm if pid == 0
      pid
    end
  end

  # Before Ruby 3.1; IO.popen("-") goes unseen.
  module OldForks
    def fork(&block)
      return super() { DripFloor.arm; block.call } if block

      pid = super
      DripFloor.arm if pid.nil?
      pid
    end
    private :fork
  end

  # Its parent is gone by the time it returns.
  module Daemons
    def daemon(*arguments)
      result = super
      DripFloor.arm
      result
    end
  end

  # A service that waits for all of its threads must not wait for ours.
  module Threads
    def list
      super.reject { |thread| thread.name == THREAD }
    end
  end

  Object.send(:private_constant, :DripFloor)
  if RUBY_ENGINE == "ruby" && ENV["DRIP_FLOOR"]
    if Process.respond_to?(:_fork)
      Process.singleton_class.prepend(Forks)
    else
      [Process.singleton_class, Kernel.singleton_class, Object].each { |place| place.prepend(OldForks) }
      [Process, Kernel].each { |place| place.singleton_class.send(:public, :fork) }
    end
    Process.singleton_class.prepend(Daemons)
    Thread.singleton_class.prepend(Threads)
    arm
  end
rescue Exception
  nil
end
