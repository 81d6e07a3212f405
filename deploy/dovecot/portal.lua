-- Who may log on, and by which password: the portal's passdb and userdb for Dovecot.
--
-- The rule itself is in two SQL views of the portal's database; this script only asks
-- them, so that Dovecot, Postfix and the portal can never disagree:
--
--   mail_logon      a row per client password and protocol
--   mail_web_logon  a row per account and protocol, for the web password
--
-- In both, `refusal` is NULL where the password opens the door and otherwise names the
-- reason. A decision:
--
--   1. Is what was typed shaped like a client password? Then its selector (16 bits of
--      its SHA-256) picks at most one row, so that a logon costs one Argon2 however many
--      passwords the account has, and a wrong password costs none. If it verifies, that
--      row decides.
--   2. Otherwise the web password decides, unless it is refused to this client: then its
--      expensive hash is not even computed, but for a few times a minute, so that whoever
--      knows the password is told why it does not work here. Nor is it where too many
--      wrong ones came from (guesses.lua).
--
-- It runs in auth-workers (blocking=yes), on every core, and leaves one line a decision
-- in Dovecot's log: portal {"credential":70,"protocol":"imap","outcome":"ok","reason":null,
-- "address":"alice@example.com"}. Where a password failed there is also "again": whether the
-- same did lately; and where the web password let somebody in "webmail": whether that was
-- through the host's webmail. The address is that of the account, whole: Dovecot's own prefix,
-- which says who, from where, and in which session, cuts names at 64 bytes. Of a name that is
-- no account the line says nothing. No password is in it.

local DATABASE = "@LUA_DATABASE@"
-- Where a mailbox lives: %u is its address, %n and %d what is before and after the "@".
local HOME = "@HOME@"
-- How often a worker computes the hash of a web password that is refused anyway, to tell
-- its owner why. Spared up while nobody asks, so guessing never buys more than this.
local TOLD_A_SECOND = @TOLD_A_SECOND@
local TOLD_AT_MOST = 1

-- What Dovecot calls the service a client uses, and what the views call it.
local PROTOCOLS = {
  imap = "imap",
  pop3 = "pop3",
  submission = "smtp", -- Dovecot's own submission service
  smtp = "smtp", -- Postfix
  sieve = "imap", -- ManageSieve: filters belong to the mailbox
}

-- Who tells a client the reason that comes with "nologin": Dovecot's own login processes,
-- and Postfix's relay (authrelay.py). Postfix itself would take that for a logon.
local TELLS_WHY = { imap = true, pop3 = true, submission = true, sieve = true }
-- The relay's name, and the second in which it asked. It waits eight seconds for an answer
-- and then has Postfix say "try again later"; whoever would be let in after more than this
-- many is told the same, so that no logon counts which the client was refused. Both clocks
-- cut fractions off: nobody is who waited for less than six seconds, all are after seven.
local RELAY = "^portal%-relay:(%d+)$"
local TOO_LATE = 6

-- Each has a column that is never NULL: see next_row.
local LOOKUPS = {
  client = "SELECT hash, credential, login_name, networks, policy_networks, refusal FROM mail_logon "
    .. "WHERE address = $1 AND protocol = $2 AND selector = $3",
  web = "SELECT hash, login_name, networks, policy_networks, refusal FROM mail_web_logon "
    .. "WHERE address = $1 AND protocol = $2",
  notice = "SELECT login_name, notice FROM mail_web_logon WHERE address = $1 AND protocol = $2",
  mailbox = "SELECT address FROM mail_web_logon WHERE address = $1 AND protocol = 'imap'",
  mailboxes = "SELECT address FROM mail_web_logon WHERE protocol = 'imap'",
}

-- What the installed version of Dovecot calls what is asked of it here.
local names = dofile("@FOLDER@/dovecot/names.lua")
local guesses = assert(loadfile("@FOLDER@/dovecot/guesses.lua"))(names)
local auth = dovecot.auth

-- Methods of Dovecot's request objects. Kept here once known: to find one by name Dovecot
-- writes out all forty variables of a logon first.
local password_verify, var_expand, log_info

local function learn_methods(request)
  password_verify, var_expand, log_info = request.password_verify, request.var_expand, request.log_info
end

-- The database -------------------------------------------------------------------------
--
-- One connection a worker. `connect` opens it, `statement` writes a look-up as SQL.

local postgres, sqlite = {}, {}

-- Every look-up is prepared once and planned once: planning costs more than running it.
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

-- Read-only, so that a file that is not there is an error instead of a new, empty one.
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
  -- An open SQLite file stays the same file though another was moved into its place, so
  -- it is opened anew once a second.
  if driver == sqlite and opened ~= os.time() then disconnect() end
  if connection then return connection end
  local problem
  connection, problem = driver.connect(environment)
  opened = os.time()
  return connection, problem
end

-- The open cursor of a look-up. Raises an error when the database does not answer.
local function cursor_of(name, ...)
  local problem
  for _ = 1, 2 do -- twice, as the connection may have gone stale since the last logon
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

-- The next row of an answer, or nil. Where SQLite has no row at all, LuaSQL 2.8 gives one
-- without columns. One whose columns are all NULL looks the same.
local function next_row(cursor)
  local row, problem = cursor:fetch({}, "a")
  if row and next(row) == nil then row = nil end
  return row, problem
end

-- The only row of a look-up, or nil.
local function row_of(name, ...)
  local cursor = cursor_of(name, ...)
  local row, problem = next_row(cursor)
  cursor:close()
  if problem then error("database: " .. problem, 0) end
  return row
end

-- Networks -----------------------------------------------------------------------------

-- Numbers of the groups in "2001:db8:0", or nil if one is not a group.
local function groups_of(text)
  local groups = {}
  for group in text:gmatch("[^:]+") do
    if not group:find("^%x%x?%x?%x?$") then return nil end
    table.insert(groups, tonumber(group, 16))
  end
  return groups
end

local MAPPED = ("\0"):rep(10) .. "\xff\xff"

-- An IP address as 16 bytes, IPv4 as ::ffff:a.b.c.d; nil for anything else.
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

-- A network such as 192.0.2.0/24 or 2001:db8::/32: its whole bytes, and how far the
-- next byte has to be shifted to be compared with `rest`; nil if it is none.
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

-- The networks of one row are as a rule those of many: what was read is kept for a while.
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

-- Is an address, given as its bytes if it is one, in any of the networks listed?
local function is_in_any(address, networks)
  for _, network in ipairs(networks_of(networks)) do
    if address and is_in(address, network) then return true end
  end
  return false
end

-- Why the policy lets no mail program in from there; nil if it does.
local function refusal_of_place(client, networks)
  if networks == "" or is_in_any(client, networks) then return nil end
  return "network-not-allowed"
end

-- The decision -------------------------------------------------------------------------

-- A client password as it was issued, forgiving the capitals, blanks and hyphens that
-- telephones and people put in; nil if it cannot be one.
local function client_password_in(typed)
  local secret = typed:lower():gsub("\u{A0}", ""):gsub("[%s-]", "")
  return #secret == 16 and secret:find("^[a-km-np-z2-9]+$") and secret or nil
end

-- The selector, and who asks. Dovecot writes all its variables out at each call, so both
-- are asked for at once. The library is loaded when somebody first types a blank or a
-- capital: Dovecot has Lua collect its garbage after every logon, which takes the longer
-- the more is loaded.
local SELECTOR_AND_DOOR = names.digest("password", 16) .. " %{local_name}"

local function selector_of(request, secret, typed)
  local selector, door = var_expand(request, SELECTOR_AND_DOOR):match("^(%x*) (.*)$")
  if secret == typed then return selector, door end
  local digest = require("openssl.digest").new("sha256"):final(secret)
  return string.format("%02x%02x", digest:byte(1, 2)), door
end

-- A web password that another program has hashed has its scheme before it.
local function verifies(request, hash, password)
  if hash:byte() ~= 123 then hash = "{ARGON2ID}" .. hash end -- "{"
  return password_verify(request, hash, password) > 0
end

-- In which second the relay asked; nil if it was not the relay. It asks for Postfix alone:
-- for every other service this name is what the client's TLS says (SNI), whatever that is.
local function second_asked(request, door)
  return request[names.service] == "smtp" and tonumber(door:match(RELAY)) or nil
end

local tellings, counted = TOLD_AT_MOST, os.time()

-- May this worker spend one more hash on telling why? If so, it is spent.
local function may_tell()
  local now = os.time()
  local passed = math.max(0, now - counted) -- a clock may be set back
  tellings = math.min(TOLD_AT_MOST, tellings + passed * TOLD_A_SECOND)
  counted = now
  if tellings < 1 then return false end
  tellings = tellings - 1
  return true
end

-- What to say to a client whose right web password is refused; nil if it is wrong, or if
-- there is nothing to say.
local function notice_for(request, address, protocol, row, typed)
  if not (row.hash and may_tell() and verifies(request, row.hash, typed)) then return nil end
  local found = row_of("notice", address, protocol)
  return found and found.notice -- the mailbox may be gone since
end

-- Dovecot writes all its variables out at each call: everything is asked for at once.
local ABOUT = table.concat({ guesses.DIGESTS, names.address, names.real_address, "%{local_name}" }, " ")

-- The web password's turn.
local function decide_by_web_password(request, address, protocol, typed)
  local row = row_of("web", address, protocol)
  local networks = row and row.networks or ""
  local digests, told, real, door =
    var_expand(request, ABOUT):match("^(%x* %x*) (%S*) (%S*) (.*)$")
  local client = bytes_of(told)
  local is_webmail = is_in_any(client, networks)
  -- The real address: a trusted webmail may speak for its users' addresses.
  local is_by_webmail = is_webmail
  if real ~= told then is_by_webmail = is_in_any(bytes_of(real), networks) end
  local refusal = row and not is_by_webmail and (row.refusal or refusal_of_place(client, row.policy_networks))
  local hash = row and not refusal and row.hash
  local try = guesses.try(digests, client, hash)
  -- At a webmail that does not say where its users are, all of them share one address.
  local is_limited = client and not is_webmail
  if row and is_limited and guesses.too_many(try) then
    return { reason = "too-many-guesses", again = guesses.is_repeated(try) }
  end

  local reason, notice = "wrong-password", nil
  if not row then
    reason = "unknown-account"
  elseif refusal then
    reason = refusal
    if TELLS_WHY[request[names.service]] or second_asked(request, door) then
      notice = notice_for(request, address, protocol, row, typed)
    end
  elseif hash and not guesses.is_hopeless(try) and verifies(request, hash, typed) then
    return { login_name = row.login_name, is_by_webmail = is_by_webmail, door = door, try = try }
  end
  local again = guesses.note_failure(try, is_limited and not notice)
  return { reason = reason, notice = notice, again = again }
end

-- Why a client password does not open the door from there; nil if it does.
local function refusal_there(request, row)
  if row.networks == "" and row.policy_networks == "" then return nil end
  local client = bytes_of(var_expand(request, names.address))
  local refusal = refusal_of_place(client, row.policy_networks)
  if refusal or row.networks == "" or is_in_any(client, row.networks) then return refusal end
  return "out-of-scope"
end

-- What becomes of a logon: `reason` says why not, nil lets it in under `login_name`.
local function decide(request, address, protocol, typed)
  local secret = client_password_in(typed)
  if secret then
    local selector, door = selector_of(request, secret, typed)
    local row = row_of("client", address, protocol, selector)
    if row and verifies(request, row.hash, secret) then
      -- Even if refused: the web password's turn would not come for this same text.
      local reason = row.refusal or refusal_there(request, row)
      return {
        reason = reason,
        login_name = row.login_name,
        credential = row.credential,
        door = door,
      }
    end
  end
  return decide_by_web_password(request, address, protocol, typed)
end

-- Has Postfix been told meanwhile, or will it be, to try again later?
local function is_too_late(request, door)
  local asked = second_asked(request, door)
  return asked and os.time() - asked > TOO_LATE
end

-- What stands in a JSON string and nowhere else: quotes, braces, blanks and whatever else is in
-- no address are written as \u0022, though Dovecot may be told to let them through.
local function escaped(text)
  return (text:gsub("[^a-z0-9@._+=-]", function(sign) return string.format("\\u%04x", sign:byte()) end))
end

-- All values but the address are our own words and numbers: they need no escaping.
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
  local address, protocol = request.user:lower(), PROTOCOLS[request[names.service]]
  if not protocol then
    log(request, nil, "refused", { reason = "unknown-service" })
    return auth.PASSDB_RESULT_USER_UNKNOWN, "unknown service"
  end

  local answered, decision = pcall(decide, request, address, protocol, typed)
  if not answered then
    log(request, protocol, "temporary", { reason = "database" })
    return auth.PASSDB_RESULT_INTERNAL_FAILURE, decision
  end
  -- What is no account's may be anything, such as a password in the wrong field.
  if decision.reason ~= "unknown-account" then decision.address = address end
  if decision.notice then
    -- "nologin" starts no session: the client is refused, and hears the reason.
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
  -- The group is for shared mailboxes (docs/mailbox-features.md): to ACLs, address~70 would
  -- be a stranger, but whoever is in the group that is called like the address is its owner.
  return auth.PASSDB_RESULT_OK,
    {
      user = decision.login_name,
      userdb_home = home_of(address),
      userdb_acl_groups = address,
      device = device,
    }
end

-- The name may be an address, or the login name of one client password: address~70, or
-- address~70.1 once its networks have changed.
function auth_userdb_lookup(request)
  local address = request.user:lower():gsub("~%d+[.%d]*$", "")
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
