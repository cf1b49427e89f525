-- METHOD FILE_OF_PATHS FILE_OF_BODY: asks for the paths in turn, prints bench.load.Load as its last line.

local requests, place = {}, 0

function init(args)
  local body = io.open(args[3], "rb"):read("*a")
  for path in io.lines(args[2]) do
    table.insert(requests, wrk.format(args[1], path, nil, #body > 0 and body or nil))
  end
end

function request()
  place = place % #requests + 1
  return requests[place]
end

function done(summary, latency)
  local e = summary.errors
  io.write(string.format('{"requests":%d,"seconds":%f,"errors":%d,"p50_ms":%f,"p99_ms":%f}\n', summary.requests,
    summary.duration / 1e6, e.connect + e.read + e.write + e.status + e.timeout,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
