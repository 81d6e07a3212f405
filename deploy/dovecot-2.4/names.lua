-- Names in Dovecot 2.4 of what portal.lua and guesses.lua read.
return {
  -- The field of a request with its service: imap, pop3, …
  service = "protocol",
  -- Variables: the client's address as a proxy passes it on, and the real one.
  address = "%{remote_ip}",
  real_address = "%{real_remote_ip}",
  -- Return the first `bits` of a variable's SHA-256 in hex, with `salt` before it if any.
  digest = function(variable, bits, salt)
    local salted = salt and "(salt='" .. salt .. "')" or ""
    return string.format("%%{%s | sha256%s | truncate(bits=%d)}", variable, salted, bits)
  end,
}
