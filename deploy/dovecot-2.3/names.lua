-- What Dovecot 2.3 calls what portal.lua and guesses.lua ask it for.
return {
  -- The field of a request that says by what it came: imap, pop3, …
  service = "service",
  -- Variables: the client's address as it is told, and the one that really connected.
  address = "%{rip}",
  real_address = "%{real_rip}",
  -- A variable, as the first `bits` of its SHA-256 in hex; `salt`, if any, comes before it.
  digest = function(variable, bits, salt)
    return string.format("%%{sha256;truncate=%d%s:%s}", bits, salt and ",salt=" .. salt or "", variable)
  end,
}
