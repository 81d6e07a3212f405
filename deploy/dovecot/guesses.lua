-- How much somebody may guess: limits that cannot be turned against a mailbox's owner.
--
-- They guard the web password alone, whose hash is slow; portal.lua has let a right
-- client password in before it asks here. What is looked at is a try: a password typed
-- for an account at a network, which is one IPv4 address or one IPv6 /64.
--
--   * Who has tried too many different wrong passwords, for one account or for any, is
--     refused at that network and nowhere else, for ten to twenty minutes, unheard.
--     Where the account was let in lately, ten times as many are taken.
--   * The same wrong password counts once within an hour, as an old telephone repeats it
--     day and night. Nor is its hash computed again and again.
--
-- All of it is in this worker's memory, as numbers that mean nothing without a key which
-- lives as long as the worker. Numbers because Dovecot has Lua go through all of its
-- memory after every logon, which takes microseconds for these.

-- Different wrong passwords in ten minutes: for one account, and for all together.
local AN_ACCOUNT = @GUESSES_AN_ACCOUNT@
local A_NETWORK = @GUESSES_A_NETWORK@
local FAMILIAR = 10 -- times as many where the account was let in
-- Repetitions of a wrong password whose hash is computed, in case that it failed to be.
local HEARD = 3
-- Entries of each kind. Above it the older half is forgotten early.
local ROOM = 2048

local names = ... -- names.lua, handed over by portal.lua
local guesses = {}

-- A memory: how often something was noted, forgotten between one span and two of them.

local function memory(span)
  return { span = span, since = os.time(), size = 0, new = {}, old = {} }
end

local function age(kept)
  local passed = os.time() - kept.since
  if passed >= 0 and passed < kept.span and kept.size < ROOM then return end
  kept.old = passed < 2 * kept.span and kept.new or {}
  kept.new, kept.size, kept.since = {}, 0, os.time()
end

local function noted(kept, key)
  age(kept)
  return math.max(kept.new[key] or 0, kept.old[key] or 0)
end

local function note(kept, key)
  age(kept)
  local count = kept.new[key]
  if not count then kept.size = kept.size + 1 end
  kept.new[key] = (count or 0) + 1
end

local counts, failed, let_in = memory(600), memory(3600), memory(86400)

-- A try ----------------------------------------------------------------------------------

local function random_key()
  local source = assert(io.open("/dev/urandom", "rb"))
  local bytes = source:read(16)
  source:close()
  return (bytes:gsub(".", function(byte) return string.format("%02x", byte:byte()) end))
end

-- What Dovecot has to tell of a logon, by its variables.
guesses.DIGESTS = names.digest("password", 64, random_key()) .. " " .. names.digest("user", 64, random_key())

-- The network of an address, given as 16 bytes, as a number.
local function network_of(bytes)
  local front, back = string.unpack(">i8i8", bytes)
  return front == 0 and back or front
end

-- A try, by those digests and the client's address as 16 bytes, nil if there is none.
-- `hash` is what the password is going to be compared with, if with any: once it is
-- another one, a password that was wrong is heard again.
function guesses.try(digests, client, hash)
  local password, account = digests:match("^(%x*) (%x*)$")
  local network = client and network_of(client) or 0
  local place = (tonumber(account, 16) or 0) ~ network
  return {
    network = network,
    place = place,
    exact = place ~ (tonumber(password, 16) or 0) ~ (hash and string.unpack("i8", hash, -8) or 0),
  }
end

-- Were there more wrong passwords from there than anybody mistypes?
function guesses.too_many(try)
  local times = noted(let_in, try.place) > 0 and FAMILIAR or 1
  return noted(counts, try.place) >= AN_ACCOUNT * times
    or noted(counts, try.network) >= A_NETWORK * times
end

-- Did the same fail before?
function guesses.is_repeated(try)
  return noted(failed, try.exact) > 0
end

-- Did the same fail so often that it is not worth a slow hash?
function guesses.is_hopeless(try)
  return noted(failed, try.exact) >= HEARD
end

-- Note that it failed, and count it if it did not before. Returns whether it had.
function guesses.note_failure(try, is_counted)
  local repeated = guesses.is_repeated(try)
  note(failed, try.exact)
  if is_counted and not repeated then
    note(counts, try.place)
    note(counts, try.network)
  end
  return repeated
end

function guesses.note_success(try)
  note(let_in, try.place)
end

return guesses
