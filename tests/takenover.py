"""Hashes of one web password by `doveadm pw` of Dovecot 2.3, in every scheme."""

PASSWORD = "Seven green Apples - 7"
HASHES = {
    "ARGON2ID": (
        "{ARGON2ID}$argon2id$v=19$m=65536,t=3,p=1$n7uHTA2AsV/KlWvDsy5b7A$YtyY"
        "oepLtz1BNgIYSZy7O48MNmzEEdCT83pTL6HmY2g"
    ),
    "BLF-CRYPT": (
        "{BLF-CRYPT}$2y$05$1dEBbR9I08BpVCtSP7/FdO5a3s9jQ/XF/5BleHILk/DKdwzzXXVg2"
    ),
    "SHA512-CRYPT": (
        "{SHA512-CRYPT}$6$kBh0XAEHCiPtcljR$0jcPqXzTL86DaDN4aremVRB62/LmEl77Mo"
        "y2MR1NFkYKqGjp48KCNFm0rH4ruqH1nAiGg0AUXh6hFHnorIxHM0"
    ),
    "SSHA512": (
        "{SSHA512}09O9vSiUxTdhRo/55yL8fBlZBXVL4dE1qLl5xKiU2Gx5dnLCkjA67EJ21/8"
        "OlKnF2A1dZK61QrkroSS0U8df+IZTN8o="
    ),
    "SSHA256": "{SSHA256}mRiOOOZhE7Rkf700/EIi0P7r4FYoDntGck9MlUOxfD3CeLpN",
    "PBKDF2": (
        "{PBKDF2}$1$qH0SqQ9aD4M5wGza$5000$98dd02f5ef3b35c508a4875b8978048ec747e0b1"
    ),
}
