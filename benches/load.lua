-- The requests of wrk: a browser's GET with a session cookie drawn at random for each request.
-- Arguments: the path, the Host header, and for requests with a cookie its name and the file of its
-- values.

local threads = 0

function setup(thread)
   threads = threads + 1
   thread:set("number", threads)
end

function init(arguments)
   local path, host, name, file = arguments[1], arguments[2], arguments[3], arguments[4]
   local head = "GET " .. path .. " HTTP/1.1\r\nHost: " .. host .. "\r\n" ..
      "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n" ..
      "Accept: text/html,application/xhtml+xml\r\nAccept-Language: en\r\n"
   requests = {}
   if not file then
      requests[1] = head .. "\r\n"
   else
      for value in io.lines(file) do
         requests[#requests + 1] = head .. "Cookie: " .. name .. "=" .. value .. "\r\n\r\n"
      end
   end
   math.randomseed(number * 7919 + os.time())
end

function request()
   return requests[math.random(#requests)]
end

function done(summary, latency, _)
   local errors = summary.errors
   io.write(string.format(
      'RESULT {"requests":%d,"microseconds":%d,"bytes":%d,"errors":%d,"p50":%d,"p99":%d}\n',
      summary.requests, summary.duration, summary.bytes,
      errors.connect + errors.read + errors.write + errors.status + errors.timeout,
      latency:percentile(50), latency:percentile(99)))
end
