-- Prints what wrk measured as one line of JSON: its own table rounds the percentiles and leaves out the counts.
function done(summary, latency, requests)
  local errors = summary.errors
  local failures = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.write(string.format('{"requests": %d, "seconds": %f, "failures": %d, "p50": %f, "p99": %f}\n',
    summary.requests, summary.duration / 1e6, failures, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
