# Healthy: sessions are known weakly, words become symbols of a bounded set, classes are made on first use.
require_relative 'serve'

WORDS = 300
SESSIONS = ObjectSpace::WeakMap.new
KINDS = {}
GUARD = Mutex.new

serve do |id, _|
  session = { id: id, word: :"word_#{id % WORDS}", values: Array.new(20, id) }
  GUARD.synchronize do
    SESSIONS[session] = session[:values]
    KINDS[id % WORDS] ||= Class.new { define_method(:id) { id } }
  end
  session[:word].to_s
end
