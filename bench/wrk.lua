-- Prints what wrk measured as one line of JSON: its own table rounds the percentiles and leaves out the counts.
-- "refused" are answers with a status of 400 or more, which wrk counts among the requests.
function done(summary, latency, requests)
  local errors = summary.errors
  local failures = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.write(string.format('{"requests": %d, "refused": %d, "seconds": %f, "failures": %d, "p50": %f, "p99": %f}\n',
    summary.requests, errors.status, summary.duration / 1e6, failures,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
