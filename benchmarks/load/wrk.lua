-- Called by wrk with three arguments: how many requests go out at once on each connection; which headers they have; and
-- how many bytes of a body, 0 for a GET.
-- Headers are "plain", "browser", or "varied": a browser's, of which no two requests have the same.
-- Prints one line of JSON when it is done; latencies in microseconds.

local batches = {}
local last = 0

local browser = {
  ["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
  ["Accept"] = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
  ["Accept-Language"] = "en-US,en;q=0.5",
  ["Accept-Encoding"] = "gzip, deflate, br, zstd",
  ["Cookie"] = "session=0123456789abcdef0123456789abcdef; theme=dark",
  ["Referer"] = "http://127.0.0.1/",
  ["Upgrade-Insecure-Requests"] = "1",
  ["Sec-Fetch-Dest"] = "document",
  ["Sec-Fetch-Mode"] = "navigate",
  ["Sec-Fetch-Site"] = "same-origin",
}

-- So many are made beforehand: making them must not cost wrk more than sending them.
local VARIED = 10000

local function headersOf(kind, number)
  if kind == "plain" then return {} end
  local headers = {}
  for name, value in pairs(browser) do headers[name] = value end
  if kind == "varied" then
    headers["Cookie"] = string.format("session=%08x%08x%08x%08x; theme=dark", number, 7 * number, 31 * number, 97 * number)
  end
  return headers
end

local function requestOf(kind, number, size)
  local headers = headersOf(kind, number)
  if size == 0 then return wrk.format("GET", nil, headers) end
  headers["Content-Type"] = "application/octet-stream"
  return wrk.format("POST", nil, headers, string.rep("x", size))
end

function init(args)
  local depth, kind, size = tonumber(args[1]), args[2], tonumber(args[3])
  for batch = 1, kind == "varied" and VARIED / depth or 1 do
    local requests = {}
    for i = 1, depth do requests[i] = requestOf(kind, batch * depth + i, size) end
    batches[batch] = table.concat(requests)
  end
end

function request()
  last = last % #batches + 1
  return batches[last]
end

function done(summary, latency)
  local errors = summary.errors
  local wrong = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  print(string.format(
    'JSON {"requests":%d,"microseconds":%d,"p50":%d,"p99":%d,"errors":%d}',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), wrong
  ))
end
