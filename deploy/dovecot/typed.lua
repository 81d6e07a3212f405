-- What somebody meant who typed a password or an address: the rules of
-- `clientpasswords/passwords.py` and `accounts/addresses.py`, which tests compare with these.
--
-- Text is UTF-8. What is not stays as it is, and so is neither.

local typed = {}

-- Characters beyond ASCII that no keyboard shows a difference of: blanks, dashes and other signs
-- between words, and what cannot be seen. First and last of each range.
local BETWEEN = {
  { 0x80, 0xA0 }, { 0xAD, 0xAD }, { 0xB7, 0xB7 }, { 0x34F, 0x34F }, { 0x61C, 0x61C },
  { 0x1680, 0x1680 }, { 0x180B, 0x180E }, { 0x2000, 0x206F }, { 0x2212, 0x2212 },
  { 0x3000, 0x3002 }, { 0xFE00, 0xFE0F }, { 0xFE58, 0xFE58 }, { 0xFE63, 0xFE63 },
  { 0xFEFF, 0xFEFF }, { 0xFF61, 0xFF61 }, { 0xE0000, 0xE007F },
}

-- Blanks, and what has no width, that come along with an address.
local BLANKS = {
  { 0xA0, 0xA0 }, { 0x1680, 0x1680 }, { 0x2000, 0x200B }, { 0x2028, 0x2029 }, { 0x202F, 0x202F },
  { 0x205F, 0x2060 }, { 0x3000, 0x3000 }, { 0xFEFF, 0xFEFF },
}

local function is_in(code, ranges)
  for _, range in ipairs(ranges) do
    if code <= range[2] then return code >= range[1] end
  end
  return false
end

-- Full-width letters, digits and signs, as Chinese and Japanese keyboards type them, are
-- those of ASCII, in the same order.
local function in_ascii(code)
  return code >= 0xFF01 and code <= 0xFF5E and string.char(code - 0xFEE0) or nil
end

-- Each character beyond ASCII, as `change` makes it of its code; nil leaves it.
local function with_others(text, change)
  if not text:find("[\x80-\xFF]") or not utf8.len(text) then return text end
  return (text:gsub("[\xC2-\xF4][\x80-\xBF]+", function(sign) return change(utf8.codepoint(sign)) end))
end

-- A client password as it was issued; nil if it cannot be one. Letters and digits count, and
-- all of them do: what is beside them was put there by telephones, programs and people.
function typed.client_password(text)
  local plain = with_others(text, function(code) return is_in(code, BETWEEN) and "" or in_ascii(code) end)
  local secret = plain:gsub("[^0-9A-Za-z\x80-\xFF]", ""):lower()
  return #secret == 16 and secret:find("^[a-km-np-z2-9]+$") and secret or nil
end

-- Domains ------------------------------------------------------------------------------

-- Capitals of the alphabets in which domains are written; the first and last of each
-- range, how far their small letters are, and whether only every second one is a capital.
local CAPITALS = {
  { 0xC0, 0xD6, 32 }, { 0xD8, 0xDE, 32 }, { 0x100, 0x12E, 1, true }, { 0x132, 0x136, 1, true },
  { 0x139, 0x147, 1, true }, { 0x14A, 0x176, 1, true }, { 0x178, 0x178, -121 },
  { 0x179, 0x17D, 1, true }, { 0x391, 0x3A1, 32 }, { 0x3A3, 0x3A9, 32 }, { 0x400, 0x40F, 80 },
  { 0x410, 0x42F, 32 }, { 0x1E00, 0x1E94, 1, true }, { 0x1EA0, 0x1EFE, 1, true },
}

local function small(code)
  for _, range in ipairs(CAPITALS) do
    if code >= range[1] and code <= range[2] then
      local is_capital = not range[4] or (code - range[1]) % 2 == 0
      return is_capital and code + range[3] or code
    end
  end
  return code
end

local DIGITS = "abcdefghijklmnopqrstuvwxyz0123456789"

-- How far the next step of Punycode's counter is weighted (RFC 3492, 6.1).
local function bias_after(delta, count, is_first)
  delta = is_first and delta // 700 or delta // 2
  delta = delta + delta // count
  local steps = 0
  while delta > 455 do
    delta, steps = delta // 35, steps + 36
  end
  return steps + 36 * delta // (delta + 38)
end

-- A number as Punycode's digits of a changing base (RFC 3492, 6.3).
local function digits_of(number, bias)
  local digits, step = {}, 36
  while true do
    local least = math.max(1, math.min(26, step - bias))
    if number < least then break end
    local rest = (number - least) % (36 - least) + least
    table.insert(digits, DIGITS:sub(rest + 1, rest + 1))
    number, step = (number - least) // (36 - least), step + 36
  end
  table.insert(digits, DIGITS:sub(number + 1, number + 1))
  return table.concat(digits)
end

-- A label of a domain in its form of ASCII (RFC 3492, 6.3).
local function a_label(label)
  if not label:find("[\x80-\xFF]") then return label end
  local codes, out = {}, {}
  for _, code in utf8.codes(label) do
    table.insert(codes, code)
    if code < 128 then table.insert(out, string.char(code)) end
  end
  local basic, done, delta, bias, reached = #out, #out, 0, 72, 128
  if basic > 0 then table.insert(out, "-") end
  while done < #codes do
    local least = math.maxinteger
    for _, code in ipairs(codes) do
      if code >= reached then least = math.min(least, code) end
    end
    delta, reached = delta + (least - reached) * (done + 1), least
    for _, code in ipairs(codes) do
      if code < reached then delta = delta + 1 end
      if code == reached then
        table.insert(out, digits_of(delta, bias))
        bias = bias_after(delta, done + 1, done == basic)
        delta, done = 0, done + 1
      end
    end
    delta, reached = delta + 1, reached + 1
  end
  return "xn--" .. table.concat(out)
end

-- Addresses ------------------------------------------------------------------------------

local LONGEST = 1024 -- bytes of a name that is looked at; no address is as long

-- An address as mailboxes are called: in small letters, its domain in ASCII, without what
-- stands before it and behind it.
function typed.address(text)
  if #text > LONGEST then return text:lower() end
  local plain = with_others(text, function(code)
    -- An ideographic full stop, in its three widths.
    if code == 0x3002 or code == 0xFF61 then return "." end
    if is_in(code, BLANKS) then return " " end
    return in_ascii(code) or utf8.char(small(code))
  end)
  plain = plain:lower():match("^ *(.-) *$")
  local name, domain = plain:match("^(.*)@(.*)$")
  if not name or not utf8.len(domain) then return plain end
  return name .. "@" .. domain:gsub("%.$", ""):gsub("[^.]+", a_label)
end

return typed
