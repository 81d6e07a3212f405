"""The two SQL views by which the mail server decides.

`clientpasswords/logon/` has their SQL: the table of that app is under one of them.
"""

from django.db import models


class MailLogon(models.Model):
    """A client password as the mail server sees it for one protocol: the SQL view.

    `refusal` is NULL where it opens the door; otherwise it names the reason. Where its
    own `networks` are not empty, it opens the door from there only, and the same goes
    for `policy_networks`: who calls has to be in both.
    """

    address = models.CharField(max_length=254)
    domain = models.CharField(max_length=253)
    protocol = models.CharField(max_length=16)
    selector = models.CharField(max_length=4)
    hash = models.CharField(max_length=200)
    credential = models.BigIntegerField(primary_key=True)
    login_name = models.CharField(max_length=300)
    networks = models.CharField(max_length=500)
    policy_networks = models.CharField(max_length=500)
    refusal = models.CharField(max_length=40, null=True)

    class Meta:
        managed = False
        db_table = "mail_logon"

    def __str__(self) -> str:
        return f"{self.login_name} {self.protocol}"


class MailWebLogon(models.Model):
    """The web password as the mail server sees it for one protocol: the SQL view.

    From `networks` it opens the door in spite of everything. From elsewhere it does if
    there is no `refusal`, and, where `policy_networks` are not empty, from these only.
    `notice` is what may be said about that to a mail program that knows the password.
    """

    address = models.CharField(max_length=254, primary_key=True)
    domain = models.CharField(max_length=253)
    protocol = models.CharField(max_length=16)
    hash = models.CharField(max_length=200, null=True)
    login_name = models.CharField(max_length=300)
    networks = models.TextField()
    policy_networks = models.CharField(max_length=500)
    refusal = models.CharField(max_length=40, null=True)
    notice = models.TextField(null=True)

    class Meta:
        managed = False
        db_table = "mail_web_logon"

    def __str__(self) -> str:
        return f"{self.login_name} {self.protocol}"
