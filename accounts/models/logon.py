"""The two SQL views that decide about logons to the mail servers.

Their SQL is in `clientpasswords/logon/`, as one of them reads that app's table.
"""

from django.db import models


class MailLogon(models.Model):
    """A client password for one protocol, as the mail server sees it.

    `refusal` names the reason for which the logon is refused; NULL: it is allowed. If
    `networks` or `policy_networks` is not empty, the client's address must be in it;
    if both are not empty, in both.
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
    """The web password for one protocol, as the mail server sees it.

    From `networks` (webmail), every logon is allowed. From elsewhere, a logon is
    allowed if `refusal` is NULL and the client's address is in `policy_networks`, or
    those are empty. `notice` is the text for a mail program that is refused although
    its password is right.
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
