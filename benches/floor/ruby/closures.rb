# Leaking: each request registers a callback that nobody takes out, and it holds what it closes over.
require_relative 'serve'

CALLBACKS = []

serve do |id, _|
  values = [id, id + 1, "session #{id}"]
  CALLBACKS << -> { values.size }
  'ok'
end
