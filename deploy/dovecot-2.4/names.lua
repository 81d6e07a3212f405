-- What Dovecot 2.4 calls what portal.lua and guesses.lua ask it for.
return {
  -- The field of a request that says by what it came: imap, pop3, …
  service = "protocol",
  -- Variables: the client's address as it is told, and the one that really connected.
  address = "%{remote_ip}",
  real_address = "%{real_remote_ip}",
  -- A variable, as the first `bits` of its SHA-256 in hex; `salt`, if any, comes before it.
  digest = function(variable, bits, salt)
    local salted = salt and "(salt='" .. salt .. "')" or ""
    return string.format("%%{%s | sha256%s | truncate(bits=%d)}", variable, salted, bits)
  end,
}
