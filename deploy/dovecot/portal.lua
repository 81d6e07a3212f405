-- The portal's passdb and userdb for Dovecot: who may log on, and by which password.
--
-- The rules are in two SQL views of the portal's database, which this script reads, so
-- that Dovecot, Postfix and the portal always agree:
--
--   mail_logon      a row per client password and protocol
--   mail_web_logon  a row per account and protocol, for the web password
--   mail_notice     a row per account and reason, with what a client is told
--
-- In the first two, `refusal` is NULL if the password is let in, and the reason otherwise. How a
-- logon is decided:
--
--   1. If the typed text has the form of a client password, its selector (16 bits of its
--      SHA-256) finds at most one row. So a logon costs one Argon2 hash however many
--      passwords the account has, and a wrong password costs none. If the hash verifies,
--      that row decides, and a client that is refused gets a notice of the reason.
--   2. Otherwise the web password decides. If this client may not use it, its slow hash is
--      not computed, except for a few times a minute to notify a client with the right
--      password of the reason; one that was right there lately is notified without it. Nor
--      is it computed after too many wrong passwords from the network (guesses.lua).
--
-- The script runs in auth-workers (blocking=yes), on every core, and writes one line for
-- each decision to Dovecot's log: portal {"credential":70,"protocol":"imap","outcome":"ok",
-- "reason":null,"address":"alice@example.com"}. If a password failed, "again" says whether
-- the same one failed recently. If the web password was let in, "webmail" says whether that
-- was through the host's webmail. The address is complete, while Dovecot's own prefix (who,
-- from where, in which session) cuts names at 64 bytes. Names of no account are left out.
-- The line never contains a password.

local DATABASE = "@LUA_DATABASE@"
-- The home of a mailbox: %u is its address, %n and %d the parts before and after the "@".
local HOME = "@HOME@"
-- How often a worker computes the hash of a web password that is refused anyway, to send a
-- notice. Guessing never costs more than this rate.
local NOTICES_A_SECOND = @TOLD_A_SECOND@
local MOST_NOTICES = 1

-- Protocols of the views by Dovecot's names of the services.
local PROTOCOLS = {
  imap = "imap",
  pop3 = "pop3",
  submission = "smtp", -- Dovecot's own submission service
  smtp = "smtp", -- Postfix
  sieve = "imap", -- ManageSieve: filters belong to the mailbox
}

-- The services that send a client the reason that comes with "nologin": Dovecot's own login
-- processes. Postfix's relay (authrelay.py) does so too; Postfix itself would let it in.
local SENDS_NOTICES = { imap = true, pop3 = true, submission = true, sieve = true }
-- The relay's name, and the second in which it asked. It waits eight seconds for a reply
-- and then has Postfix answer "try again later". A later decision is a temporary failure
-- too, so that no logon counts that the client was refused. Both clocks drop fractions:
-- less than six seconds are never too late, more than seven always are.
local RELAY = "^portal%-relay:(%d+)$"
local TOO_LATE = 6

-- Each look-up has a column that is never NULL: see next_row.
local LOOKUPS = {
  client = "SELECT hash, credential, login_name, networks, policy_networks, refusal FROM mail_logon "
    .. "WHERE address = $1 AND protocol = $2 AND selector = $3",
  web = "SELECT hash, login_name, networks, policy_networks, refusal FROM mail_web_logon "
    .. "WHERE address = $1 AND protocol = $2",
  notice = "SELECT address, notice FROM mail_notice WHERE address = $1 AND reason = $2",
  mailbox = "SELECT address FROM mail_web_logon WHERE address = $1 AND protocol = 'imap'",
  mailboxes = "SELECT address FROM mail_web_logon WHERE protocol = 'imap'",
}

-- Names of fields and variables in the installed version of Dovecot.
local names = dofile("@FOLDER@/dovecot/names.lua")
local guesses = assert(loadfile("@FOLDER@/dovecot/guesses.lua"))(names)
local typing = dofile("@FOLDER@/dovecot/typed.lua")
local auth = dovecot.auth

-- Methods of Dovecot's request objects. They are cached: to look one up by name, Dovecot
-- expands all forty variables of a logon first.
local password_verify, var_expand, log_info

local function learn_methods(request)
  password_verify, var_expand, log_info = request.password_verify, request.var_expand, request.log_info
end

-- The database -------------------------------------------------------------------------
--
-- One connection for each worker. `connect` opens it, `statement` returns a look-up as SQL.

local postgres, sqlite = {}, {}

-- Look-ups are prepared and planned once: planning costs more than running them.
function postgres.connect(environment)
  local connection, problem = environment:connect(DATABASE)
  if not connection then return nil, problem end
  local preparations = { "SET plan_cache_mode = force_generic_plan", "SET statement_timeout = '2s'" }
  for name, sql in pairs(LOOKUPS) do
    table.insert(preparations, "PREPARE " .. name .. " AS " .. sql)
  end
  for _, sql in ipairs(preparations) do
    local done
    done, problem = connection:execute(sql)
    if not done then
      connection:close()
      return nil, problem
    end
  end
  return connection
end

function postgres.statement(name, values)
  if #values == 0 then return "EXECUTE " .. name end
  return "EXECUTE " .. name .. "(" .. table.concat(values, ",") .. ")"
end

-- Read-only, so that a missing file is an error and not created empty.
function sqlite.connect(environment)
  return environment:connect("file:" .. DATABASE .. "?mode=ro", 2000) -- ms to wait for a lock
end

function sqlite.statement(name, values)
  return (LOOKUPS[name]:gsub("%$(%d)", function(place) return values[tonumber(place)] end))
end

local driver = DATABASE:find("^postgresql:") and postgres or sqlite
local environment, connection, opened

local function disconnect()
  if connection then connection:close() end
  connection = nil
end

local function connected()
  -- An open SQLite file stays the same when another is moved to its path, so it is opened
  -- again once a second.
  if driver == sqlite and opened ~= os.time() then disconnect() end
  if connection then return connection end
  local problem
  connection, problem = driver.connect(environment)
  opened = os.time()
  return connection, problem
end

-- Return the open cursor of a look-up. Raise an error if the database does not answer.
local function cursor_of(name, ...)
  local problem
  for _ = 1, 2 do -- twice, as the connection may have been closed since the last logon
    local open, cursor
    open, problem = connected()
    if not open then break end
    local values = {}
    for i, value in ipairs { ... } do
      values[i] = "'" .. open:escape(value) .. "'"
    end
    cursor, problem = open:execute(driver.statement(name, values))
    if cursor then return cursor end
    disconnect()
  end
  error("database: " .. tostring(problem), 0)
end

-- Return the next row, or nil. If SQLite has no row, LuaSQL 2.8 returns one without
-- columns, and a row whose columns are all NULL looks the same.
local function next_row(cursor)
  local row, problem = cursor:fetch({}, "a")
  if row and next(row) == nil then row = nil end
  return row, problem
end

-- Return the only row of a look-up, or nil.
local function row_of(name, ...)
  local cursor = cursor_of(name, ...)
  local row, problem = next_row(cursor)
  cursor:close()
  if problem then error("database: " .. problem, 0) end
  return row
end

-- Networks -----------------------------------------------------------------------------

-- Return the groups of "2001:db8:0" as numbers, or nil if one is invalid.
local function groups_of(text)
  local groups = {}
  for group in text:gmatch("[^:]+") do
    if not group:find("^%x%x?%x?%x?$") then return nil end
    table.insert(groups, tonumber(group, 16))
  end
  return groups
end

local MAPPED = ("\0"):rep(10) .. "\xff\xff"

-- Return an IP address as 16 bytes, IPv4 as ::ffff:a.b.c.d; nil for anything else.
local function bytes_of(text)
  local a, b, c, d = text:match("^(%d%d?%d?)%.(%d%d?%d?)%.(%d%d?%d?)%.(%d%d?%d?)$")
  if a then
    a, b, c, d = tonumber(a), tonumber(b), tonumber(c), tonumber(d)
    return math.max(a, b, c, d) < 256 and MAPPED .. string.char(a, b, c, d) or nil
  end
  text = text:gsub("(%d+)%.(%d+)%.(%d+)%.(%d+)$", function(a, b, c, d)
    return string.format("%02x%02x:%02x%02x", a, b, c, d) -- 5 digits, refused, if above 255
  end)
  local front, back = text:match("^(.-)::(.*)$")
  local groups, rest = groups_of(front or text), groups_of(back or "")
  if not (groups and rest) then return nil end
  if front then
    for _ = 1, 8 - #groups - #rest do table.insert(groups, 0) end
  end
  table.move(rest, 1, #rest, #groups + 1, groups)
  if #groups ~= 8 then return nil end
  return string.pack(">" .. ("I2"):rep(8), table.unpack(groups))
end

-- Return a network such as 192.0.2.0/24 or 2001:db8::/32: its whole bytes, and how far the
-- next byte has to be shifted to be compared with `rest`; nil if it is invalid.
local function network_of(text)
  local start, length = text:match("^([%x:.]+)/(%d+)$")
  local bytes = bytes_of(start or text)
  length = tonumber(length or 128)
  if start and not start:find(":", 1, true) then length = length + 96 end
  if not bytes or length > 128 then return nil end
  local whole, shift = length // 8, 8 - length % 8
  local rest = shift < 8 and bytes:byte(whole + 1) >> shift or nil
  return { bytes = bytes:sub(1, whole), rest = rest, shift = shift }
end

local function is_in(address, network)
  local whole = #network.bytes
  if address:sub(1, whole) ~= network.bytes then return false end
  return not network.rest or address:byte(whole + 1) >> network.shift == network.rest
end

-- Many rows have the same networks, so parsed lists are cached.
local MOST_LISTS = 100
local lists, lists_kept = {}, 0

local function networks_of(text)
  local networks = lists[text]
  if networks then return networks end
  if lists_kept == MOST_LISTS then lists, lists_kept = {}, 0 end
  networks = {}
  for each in text:gmatch("[^,%s]+") do table.insert(networks, network_of(each)) end
  lists[text], lists_kept = networks, lists_kept + 1
  return networks
end

-- Return whether an address, as its bytes or nil, is in any of the networks listed.
local function is_in_any(address, networks)
  for _, network in ipairs(networks_of(networks)) do
    if address and is_in(address, network) then return true end
  end
  return false
end

-- Return why the policy refuses mail programs from there; nil if it does not.
local function refusal_of_place(client, networks)
  if networks == "" or is_in_any(client, networks) then return nil end
  return "network-not-allowed"
end

-- The decision -------------------------------------------------------------------------

-- Return the selector, and the name of the local end. Dovecot expands all variables at each
-- call, so both are read at once. The library is loaded when it is first needed: Dovecot
-- runs a garbage collection after every logon, which takes longer the more is loaded.
local SELECTOR_AND_DOOR = names.digest("password", 16) .. " %{local_name}"

local function selector_of(request, secret, typed)
  local selector, door = var_expand(request, SELECTOR_AND_DOOR):match("^(%x*) (.*)$")
  if secret == typed then return selector, door end
  local digest = require("openssl.digest").new("sha256"):final(secret)
  return string.format("%02x%02x", digest:byte(1, 2)), door
end

-- Hashes of imported web passwords have their scheme as a prefix.
local function verifies(request, hash, password)
  if hash:byte() ~= 123 then hash = "{ARGON2ID}" .. hash end -- "{"
  return password_verify(request, hash, password) > 0
end

-- Return the second in which the relay asked; nil if it was not the relay, which asks for
-- Postfix alone. For other services the client chooses this name (TLS SNI).
local function second_asked(request, door)
  return request[names.service] == "smtp" and tonumber(door:match(RELAY)) or nil
end

local notices_left, counted = MOST_NOTICES, os.time()

-- Return whether this worker may compute one more hash for a notice, and count it.
local function spend_notice()
  local now = os.time()
  local passed = math.max(0, now - counted) -- a clock may be set back
  notices_left = math.min(MOST_NOTICES, notices_left + passed * NOTICES_A_SECOND)
  counted = now
  if notices_left < 1 then return false end
  notices_left = notices_left - 1
  return true
end

-- Return the notice of this reason, for a client with the right password; nil if there is none.
local function notice_of(address, reason)
  local found = row_of("notice", address, reason)
  return found and found.notice
end

-- Return whether a client would be sent a notice.
local function gets_notices(request, door)
  return SENDS_NOTICES[request[names.service]] or second_asked(request, door)
end

-- Return whether the text is the web password. The hash of one that is refused is computed
-- within a budget, unless the same try was right lately.
local function is_web_password(request, hash, typed, try, is_refused)
  if not hash or guesses.is_hopeless(try) then return false end
  local is_right = is_refused and guesses.is_known_right(try)
  if is_refused and not is_right and not spend_notice() then return false end
  is_right = is_right or verifies(request, hash, typed)
  guesses.note_verified(try, is_right)
  return is_right
end

-- Dovecot expands all its variables at each call, so all are read at once.
local ABOUT = table.concat({ guesses.DIGESTS, names.address, names.real_address, "%{local_name}" }, " ")

-- Decide by the web password.
local function decide_by_web_password(request, address, protocol, typed)
  local row = row_of("web", address, protocol)
  local networks = row and row.networks or ""
  local digests, told, real, door =
    var_expand(request, ABOUT):match("^(%x* %x*) (%S*) (%S*) (.*)$")
  if address ~= request.user then digests = guesses.digests_of(digests, address) end
  local client = bytes_of(told)
  local is_webmail = is_in_any(client, networks)
  -- The real address: a trusted webmail may pass on its users' addresses.
  local is_by_webmail = is_webmail
  if real ~= told then is_by_webmail = is_in_any(bytes_of(real), networks) end
  local refusal = row and not is_by_webmail and (row.refusal or refusal_of_place(client, row.policy_networks))
  local hash = row and row.hash
  local try = guesses.try(digests, client, hash)
  -- Behind a webmail that does not pass addresses on, all users share one address.
  local is_limited = client and not is_webmail
  if row and is_limited and guesses.too_many(try) then
    return { reason = "too-many-guesses", again = guesses.is_repeated(try) }
  end

  local reason, notice = "wrong-password", nil
  if not row then
    reason = "unknown-account"
  elseif refusal then
    reason = refusal
    if gets_notices(request, door) and is_web_password(request, hash, typed, try, true) then
      notice = notice_of(address, reason)
    end
  elseif is_web_password(request, hash, typed, try, false) then
    return { login_name = row.login_name, is_by_webmail = is_by_webmail, door = door, try = try }
  end
  local again = guesses.note_failure(try, is_limited and not notice)
  return { reason = reason, notice = notice, again = again }
end

-- Return why a client password is refused from there; nil if it is let in.
local function refusal_there(request, row)
  if row.networks == "" and row.policy_networks == "" then return nil end
  local client = bytes_of(var_expand(request, names.address))
  local refusal = refusal_of_place(client, row.policy_networks)
  if refusal or row.networks == "" or is_in_any(client, row.networks) then return refusal end
  return "out-of-scope"
end

-- Decide a logon: `reason` is why it is refused; nil lets it in as `login_name`.
local function decide(request, address, protocol, typed)
  local secret = typing.client_password(typed)
  if secret then
    local selector, door = selector_of(request, secret, typed)
    local row = row_of("client", address, protocol, selector)
    if row and verifies(request, row.hash, secret) then
      -- This row decides even if it refuses: the text cannot be the web password too.
      local reason = row.refusal or refusal_there(request, row)
      return {
        reason = reason,
        notice = reason and gets_notices(request, door) and notice_of(address, reason),
        login_name = row.login_name,
        credential = row.credential,
        door = door,
      }
    end
  end
  return decide_by_web_password(request, address, protocol, typed)
end

-- Return whether the relay has given up, or is about to.
local function is_too_late(request, door)
  local asked = second_asked(request, door)
  return asked and os.time() - asked > TOO_LATE
end

-- Return the text for a JSON string: quotes, braces, blanks and all else that is not in an
-- address become \u0022 and the like, even if Dovecot is configured to allow them.
local function escaped(text)
  return (text:gsub("[^a-z0-9@._+=-]", function(sign) return string.format("\\u%04x", sign:byte()) end))
end

-- All values but the address are constants and numbers, which need no escaping.
local function log(request, protocol, outcome, decision)
  log_info(request, string.format('portal {"credential":%s,"protocol":%s,"outcome":"%s","reason":%s%s%s%s}',
    decision.credential and string.format("%d", decision.credential) or "null",
    protocol and '"' .. protocol .. '"' or "null",
    outcome,
    decision.reason and '"' .. decision.reason .. '"' or "null",
    decision.again ~= nil and ',"again":' .. tostring(decision.again) or "",
    decision.is_by_webmail ~= nil and ',"webmail":' .. tostring(decision.is_by_webmail) or "",
    decision.address and ',"address":"' .. escaped(decision.address) .. '"' or ""))
end

local function home_of(address)
  local name, domain = address:match("^(.*)@(.*)$")
  return (HOME:gsub("%%([und])", { u = address, n = name, d = domain }))
end

-- What Dovecot calls ---------------------------------------------------------------------

function script_init()
  local name = driver == postgres and "postgres" or "sqlite3"
  environment = require("luasql." .. name)[name]()
  return 0
end

function script_deinit()
  disconnect()
  environment:close()
end

function auth_password_verify(request, typed)
  if not log_info then learn_methods(request) end
  local address, protocol = typing.address(request.user), PROTOCOLS[request[names.service]]
  if not protocol then
    log(request, nil, "refused", { reason = "unknown-service" })
    return auth.PASSDB_RESULT_USER_UNKNOWN, "unknown service"
  end

  local answered, decision = pcall(decide, request, address, protocol, typed)
  if not answered then
    log(request, protocol, "temporary", { reason = "database" })
    return auth.PASSDB_RESULT_INTERNAL_FAILURE, decision
  end
  -- The name of no account may be anything, such as a password in the wrong field.
  if decision.reason ~= "unknown-account" then decision.address = address end
  if decision.notice then
    -- "nologin" starts no session: the client is refused, and gets the notice.
    log(request, protocol, "refused", decision)
    return auth.PASSDB_RESULT_OK, { user = address, nologin = "y", reason = decision.notice }
  end
  if decision.reason then
    log(request, protocol, "refused", decision)
    return auth.PASSDB_RESULT_PASSWORD_MISMATCH, decision.reason
  end
  if is_too_late(request, decision.door) then
    log(request, protocol, "temporary", { reason = "too-late", address = address })
    return auth.PASSDB_RESULT_INTERNAL_FAILURE, "decided too late"
  end
  if decision.try then guesses.note_success(decision.try) end
  log(request, protocol, "ok", decision)
  local device = decision.credential and string.format("%d", decision.credential)
  -- The group is for shared mailboxes (docs/mailbox-features.md): ACLs do not know
  -- address~70, but members of the group named like the address are its owner.
  return auth.PASSDB_RESULT_OK,
    {
      user = decision.login_name,
      userdb_home = home_of(address),
      userdb_acl_groups = address,
      device = device,
    }
end

-- The name is an address, or the login name of a client password: address~70, or
-- address~70.1 after its networks were changed.
function auth_userdb_lookup(request)
  local address = typing.address(request.user):gsub("~%d+[.%d]*$", "")
  local answered, row = pcall(row_of, "mailbox", address)
  if not answered then return auth.USERDB_RESULT_INTERNAL_FAILURE, row end
  if not row then return auth.USERDB_RESULT_USER_UNKNOWN, "unknown account" end
  return auth.USERDB_RESULT_OK, { home = home_of(address), acl_groups = address }
end

function auth_userdb_iterate()
  local addresses, cursor = {}, cursor_of("mailboxes")
  local row = next_row(cursor)
  while row do
    table.insert(addresses, row.address)
    row = next_row(cursor)
  end
  cursor:close()
  return addresses
end
