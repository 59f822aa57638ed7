# Healthy: writes and parses JSON and builds a large string for each request, and keeps none of it.
require_relative 'serve'

ROWS = Array.new(50) { |number| { number: number, name: "row #{number}" } }

serve do |id, _|
  rows = JSON.parse(ROWS.to_json)
  text = 'x' * 100_000
  "#{id} #{rows.size} #{text.size}"
end
