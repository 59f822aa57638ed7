# Healthy: the oldest of 2,000 pages goes when a new one comes.
require_relative 'serve'

PAGES_MAX = 2_000
PAGES = {}
GUARD = Mutex.new

serve do |id, _|
  GUARD.synchronize do
    PAGES[id] = "page #{id} " * 100
    PAGES.shift if PAGES.size > PAGES_MAX
  end
  'ok'
end
