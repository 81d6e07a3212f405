"""The format of security passwords, which `clientpasswords.passwords` generates.

Sixteen symbols of 32 are 80 bits. The alphabet is lower case without the look-alikes
l, o, 0 and 1, and holds nothing that a mail program, a URL or a shell could misread.
`deploy/dovecot/portal.lua` has the same format; a test compares them.
"""

ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
LENGTH = 16
GROUP_LENGTH = 4  # as it is shown
