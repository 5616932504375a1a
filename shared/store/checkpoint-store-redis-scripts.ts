import { createHash } from 'node:crypto'

/**
 * Each runs alone in the server, checks everything and writes only then: there is no rollback. The header makes a server without memory
 * left refuse it as a whole. Bytes as checkpoint-store-redis-records.ts says; the id of a commit that may be absent is `0` where it is,
 * `1` and the id where it is not.
 */
export interface Script {
  readonly text: string
  readonly sha1: string
}

const scriptOf = (text: string): Script => ({ text, sha1: createHash('sha1').update(text).digest('hex') })

/** Arguments: epoch. Returns `fenced` and the higher epoch; or `claimed`, the id and the body of the manifest, or nil. */
const claim = scriptOf(`#!lua
local manifest, epochs, parts = KEYS[1], KEYS[2], KEYS[3]
local held = redis.call('HMGET', manifest, 'epoch', 'id', 'body')
if held[1] and tonumber(ARGV[1]) < tonumber(held[1]) then return { 'fenced', held[1] } end
redis.call('HSET', manifest, 'epoch', ARGV[1])
local staged = redis.call('HGETALL', epochs)
for i = 1, #staged, 2 do
  if staged[i + 1] ~= ARGV[1] then
    redis.call('HDEL', epochs, staged[i])
    redis.call('HDEL', parts, staged[i])
  end
end
return { 'claimed', held[2], held[3] }
`)

/** Arguments: epoch, part and id with a blank between, the part. */
const stage = scriptOf(`#!lua
local manifest, epochs, parts = KEYS[1], KEYS[2], KEYS[3]
local claimed = redis.call('HGET', manifest, 'epoch')
if claimed and tonumber(ARGV[1]) < tonumber(claimed) then return { 'fenced' } end
if redis.call('HSETNX', epochs, ARGV[2], ARGV[1]) == 1 then redis.call('HSET', parts, ARGV[2], ARGV[3]) end
return { 'staged' }
`)

/**
 * Arguments: start of the keys of actors, epoch, id, id that it follows, number of staged parts, body of the manifest, number up to which
 * entries were delivered, number of dropped generations, these, the last part, the new entries of the outbox.
 * Beside the results of a commit returns `no-base` with a name, and `no-rise`.
 */
const commit = scriptOf(`#!lua
local manifest, epochs, parts, outbox = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local epoch, id, previous, body, delivered = tonumber(ARGV[2]), ARGV[3], ARGV[4], ARGV[6], tonumber(ARGV[7])
local droppedCount = tonumber(ARGV[8])
local own = 9 + droppedCount

local held = redis.call('HMGET', manifest, 'epoch', 'id')
if held[1] and epoch < tonumber(held[1]) then return { 'fenced' } end
if held[2] == id then
  -- WAITAOF waits for writes of its own connection; that of the commit may have been another one.
  redis.call('HSET', manifest, 'id', id)
  return { 'already' }
end
-- Without an epoch the partition was lost with all its fences, for whoever claimed it.
if not held[1] or (held[2] and '1' .. held[2] or '0') ~= previous then return { 'conflict' } end
local texts = {}
for part = 0, tonumber(ARGV[5]) - 1 do
  local text = redis.call('HGET', parts, part .. ' ' .. id)
  if not text then return { 'conflict' } end
  texts[#texts + 1] = text
end
texts[#texts + 1] = ARGV[own]

local kinds = { 'bases', 'runs', 'counts', 'marks' }
local changes = {}
local function changesOf(generation)
  local found = changes[generation]
  if not found then
    found = { bases = {}, runs = {}, marks = {}, counts = {}, countsBefore = {} }
    for _, kind in ipairs(kinds) do found[kind .. 'Key'] = ARGV[1] .. kind .. ':' .. generation end
    changes[generation] = found
  end
  return found
end
for _, text in ipairs(texts) do
  local at = 1
  while at <= #text do
    local generation, count
    generation, count, at = struct.unpack('<I4c0I4', text, at)
    local change = changesOf(generation)
    for _ = 1, count do
      local form, name, mark, base, run
      form, name, mark, base, run, at = struct.unpack('<BI4c0I4c0I4c0I4c0', text, at)
      local runCount = change.counts[name]
      if not runCount then
        runCount = tonumber(redis.call('HGET', change.countsKey, name) or 0)
        change.countsBefore[name] = runCount
        change.runs[name] = {}
      end
      local hasBase = form == 1 or runCount > 0 or change.bases[name] or redis.call('HEXISTS', change.basesKey, name) == 1
      if not hasBase then return { 'no-base', name } end
      if form ~= 0 then
        runCount = 0
        change.bases[name] = base
        change.runs[name] = {}
      end
      if run ~= '' then
        runCount = runCount + 1
        change.runs[name][runCount] = run
      end
      change.counts[name] = runCount
      change.marks[name] = mark
    end
  end
end
local last, first = redis.call('LINDEX', outbox, -1), ARGV[own + 1]
if last and first and struct.unpack('<d', last) >= struct.unpack('<d', first) then return { 'no-rise' } end

-- From here on all is written. What unpack puts on the stack is bounded.
local function each(command, key, list)
  for from = 1, #list, 4000 do redis.call(command, key, unpack(list, from, math.min(from + 3999, #list))) end
end
local function put(key, values)
  local set, gone = {}, {}
  for name, value in pairs(values) do
    if value == '' then gone[#gone + 1] = name
    else
      set[#set + 1] = name
      set[#set + 1] = value
    end
  end
  each('HSET', key, set)
  each('HDEL', key, gone)
end
for _, change in pairs(changes) do
  local set = {}
  for name, base in pairs(change.bases) do
    set[#set + 1] = name
    set[#set + 1] = base
  end
  each('HSET', change.basesKey, set)
  local runs, counts = {}, {}
  for name, count in pairs(change.counts) do
    local before = change.countsBefore[name]
    for number, run in pairs(change.runs[name]) do runs[number .. ' ' .. name] = run end
    for number = count + 1, before do runs[number .. ' ' .. name] = '' end
    if count ~= before then counts[name] = count > 0 and count or '' end
  end
  put(change.runsKey, runs)
  put(change.countsKey, counts)
  put(change.marksKey, change.marks)
end
for i = 9, 8 + droppedCount do
  for _, kind in ipairs(kinds) do redis.call('UNLINK', ARGV[1] .. kind .. ':' .. ARGV[i]) end
end
for from = own + 1, #ARGV, 4000 do
  redis.call('RPUSH', outbox, unpack(ARGV, from, math.min(from + 3999, #ARGV)))
end
while true do
  local head = redis.call('LINDEX', outbox, 0)
  if not head or struct.unpack('<d', head) > delivered then break end
  redis.call('LPOP', outbox)
end
for _, field in ipairs(redis.call('HKEYS', epochs)) do
  if string.sub(field, string.find(field, ' ', 1, true) + 1) == id then
    redis.call('HDEL', epochs, field)
    redis.call('HDEL', parts, field)
  end
end
redis.call('HSET', manifest, 'id', id, 'body', body)
return { 'ok' }
`)

/** What reads returns the id of the last commit first. */
const reading = (body: string): Script =>
  scriptOf(`#!lua flags=no-writes
local id = redis.call('HGET', KEYS[1], 'id')
local last = id and '1' .. id or '0'
${body}`)

/** Arguments: names. Returns bases and runs in their order, nil where there is none. */
const load = reading(`local bases, runs = {}, {}
for from = 1, #ARGV, 4000 do
  local upTo = math.min(from + 3999, #ARGV)
  for _, base in ipairs(redis.call('HMGET', KEYS[2], unpack(ARGV, from, upTo))) do bases[#bases + 1] = base end
  for i, count in ipairs(redis.call('HMGET', KEYS[3], unpack(ARGV, from, upTo))) do
    local fields = {}
    for number = 1, tonumber(count or 0) do fields[number] = number .. ' ' .. ARGV[from + i - 1] end
    runs[#runs + 1] = count and table.concat(redis.call('HMGET', KEYS[4], unpack(fields)))
  end
end
return { last, bases, runs }
`)

/** Arguments: cursor, how many at once. Returns the next cursor, and names and marks in turn. */
const marked = reading(`local answer = redis.call('HSCAN', KEYS[2], ARGV[1], 'COUNT', ARGV[2])
return { last, answer[1], answer[2] }
`)

const outbox = reading(`return { last, redis.call('LRANGE', KEYS[2], 0, -1) }
`)

/**
 * Arguments: cursor, how many at once. Returns the next cursor, and name, base, runs and mark of each actor in turn; of the last two nothing
 * is empty.
 */
const page = reading(`local answer = redis.call('HSCAN', KEYS[2], ARGV[1], 'COUNT', ARGV[2])
local found, actors = answer[2], {}
for i = 1, #found, 2 do
  local name, fields = found[i], {}
  for number = 1, tonumber(redis.call('HGET', KEYS[3], name) or 0) do fields[number] = number .. ' ' .. name end
  actors[#actors + 1] = name
  actors[#actors + 1] = found[i + 1]
  actors[#actors + 1] = #fields > 0 and table.concat(redis.call('HMGET', KEYS[4], unpack(fields))) or ''
  actors[#actors + 1] = redis.call('HGET', KEYS[5], name) or ''
end
return { last, answer[1], actors }
`)

export const scripts = { claim, stage, commit, load, marked, outbox, page } as const
