-- Limits on guessing that cannot be used to lock the owner of a mailbox out.
--
-- They protect the web password alone, whose hash is slow: portal.lua lets a right client
-- password in before it asks here. They count tries. A try is a password for an account
-- from a network, which is one IPv4 address or one IPv6 /64.
--
--   * After too many different wrong passwords, for one account or for all together, a
--     network is refused for ten to twenty minutes without a check of the password. The
--     limit for an account is ten times as high where it was let in recently.
--   * The same wrong password counts once within an hour, as old devices repeat theirs
--     day and night. After a few repetitions its hash is no longer computed.
--
-- All counts are in the memory of this worker, by numbers that mean nothing without a
-- random key which lives as long as the worker. They are numbers because Dovecot runs a
-- full garbage collection after every logon, which takes microseconds for numbers.

-- Limits of different wrong passwords in ten minutes: for one account, and for all.
local AN_ACCOUNT = @GUESSES_AN_ACCOUNT@
local A_NETWORK = @GUESSES_A_NETWORK@
local FAMILIAR = 10 -- factor where the account was let in
-- How often the hash of the same wrong password is computed: a failure may be an error.
local HEARD = 3
-- Entries in each memory. Above it the older half is dropped early.
local ROOM = 2048

local names = ... -- names.lua, passed by portal.lua
local guesses = {}

-- A memory counts how often keys were noted. It drops counts after one to two spans.

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
-- Tries of which a hash has told whether they are right.
local right, wrong = memory(3600), memory(3600)

-- A try ----------------------------------------------------------------------------------

local function random_key()
  local source = assert(io.open("/dev/urandom", "rb"))
  local bytes = source:read(16)
  source:close()
  return (bytes:gsub(".", function(byte) return string.format("%02x", byte:byte()) end))
end

local PASSWORDS, ACCOUNTS = random_key(), random_key()

-- The Dovecot variables that a try needs.
guesses.DIGESTS = names.digest("password", 64, PASSWORDS) .. " " .. names.digest("user", 64, ACCOUNTS)

-- Return those digests for the account that was meant by another name: else each way to
-- write it would be an account of its own, with as many guesses.
function guesses.digests_of(digests, address)
  local digest = require("openssl.digest").new("sha256"):final(ACCOUNTS .. address)
  local bytes = { digest:byte(1, 8) }
  return digests:match("^%x* ") .. ("%02x"):rep(8):format(table.unpack(bytes))
end

-- Return the network of an address of 16 bytes, as a number.
local function network_of(bytes)
  local front, back = string.unpack(">i8i8", bytes)
  return front == 0 and back or front
end

-- Return a try, from these digests and the client's address as 16 bytes or nil. `hash` is
-- what the password is compared with, if there is anything: when it changes, a password that
-- was wrong is checked again.
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

-- Return whether there were too many wrong passwords from that network.
function guesses.too_many(try)
  local times = noted(let_in, try.place) > 0 and FAMILIAR or 1
  return noted(counts, try.place) >= AN_ACCOUNT * times
    or noted(counts, try.network) >= A_NETWORK * times
end

-- Return whether the same try failed before.
function guesses.is_repeated(try)
  return noted(failed, try.exact) > 0
end

-- Return whether the same try was wrong so often that its hash is no longer computed.
function guesses.is_hopeless(try)
  return noted(wrong, try.exact) >= HEARD
end

-- Return whether the same try was right lately.
function guesses.is_known_right(try)
  return noted(right, try.exact) > 0
end

-- Note what a hash, or the memory of one, has told of a try.
function guesses.note_verified(try, is_right)
  note(is_right and right or wrong, try.exact)
end

-- Note a failure, and count it if it is new. Return whether it had failed before.
function guesses.note_failure(try, is_counted)
  local repeated = guesses.is_repeated(try)
  note(failed, try.exact)
  if guesses.is_hopeless(try) then note(wrong, try.exact) end
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
