-- Names in Dovecot 2.3 of what portal.lua and guesses.lua read.
return {
  -- The field of a request with its service: imap, pop3, …
  service = "service",
  -- Variables: the client's address as a proxy passes it on, and the real one.
  address = "%{rip}",
  real_address = "%{real_rip}",
  -- Return the first `bits` of a variable's SHA-256 in hex, with `salt` before it if any.
  digest = function(variable, bits, salt)
    return string.format("%%{sha256;truncate=%d%s:%s}", bits, salt and ",salt=" .. salt or "", variable)
  end,
}
