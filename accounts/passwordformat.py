"""The formats of security passwords and recovery codes.

`clientpasswords.passwords` and `accounts.signin.second_factor` generate them.
Sixteen symbols of 32 are 80 bits. The alphabet is lower case without the look-alikes
l, o, 0 and 1, and holds nothing that a mail program, a URL or a shell could misread.
`deploy/dovecot/portal.lua` has the same format; a test compares them.
"""

ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
LENGTH = 16
GROUP_LENGTH = 4  # as it is shown

# Recovery codes are of the same alphabet. Ten symbols are 50 bits, in two groups.
RECOVERY_LENGTH = 10
RECOVERY_GROUP_LENGTH = 5
