"""Domains, and their departments."""

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from accounts import addresses
from accounts.models.fields import DomainField
from accounts.models.policy import Policy

DOMAIN_NAME = RegexValidator(
    rf"\A{addresses.DOMAIN}\Z",
    _("Enter a domain name. Write international names in their “xn--” form."),
)


class Domain(models.Model):
    """A mail domain of this host."""

    name = DomainField(_("name"), max_length=253, unique=True, validators=[DOMAIN_NAME])
    policy = models.ForeignKey(
        Policy,
        on_delete=models.PROTECT,
        related_name="domains",
        verbose_name=_("policy"),
    )

    class Meta:
        verbose_name = _("domain")
        verbose_name_plural = _("domains")
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(name=Lower("name")), name="domain_name_in_lower_case"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Check that the policy may apply here, and that no address loses its domain.

        Raises:
            ValidationError: the policy belongs to another domain, or the domain was
                renamed while mailboxes have addresses in it.
        """
        require_own_policy(self.policy if self.policy_id else None, self.pk)
        account = self.accounts.first() if self.pk else None
        if account and not account.address.endswith(f"@{self.name}"):
            raise ValidationError(
                {"name": _("Some mailboxes have addresses with its current name.")}
            )


class Department(models.Model):
    """A group of a domain's mailboxes that may have a policy of its own."""

    domain = models.ForeignKey(
        Domain,
        on_delete=models.CASCADE,
        related_name="departments",
        verbose_name=_("domain"),
    )
    name = models.CharField(_("name"), max_length=100)
    policy = models.ForeignKey(
        Policy,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="departments",
        verbose_name=_("policy"),
        help_text=_("Empty: the policy of the domain applies."),
    )

    class Meta:
        verbose_name = _("department")
        verbose_name_plural = _("departments")
        ordering = ["domain__name", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["domain", "name"], name="department_name_once_a_domain"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.domain})"

    def clean(self) -> None:
        """Check that the policy and all mailboxes belong to the department's domain.

        Raises:
            ValidationError: with the field that is wrong.
        """
        require_own_policy(self.policy, self.domain_id)
        if self.pk and self.accounts.exclude(domain=self.domain_id).exists():
            raise ValidationError(
                {"domain": _("It contains mailboxes of another domain.")}
            )


def require_own_policy(policy: Policy | None, domain_pk: int | None) -> None:
    """Check that the policy is shared, or belongs to the domain with this key.

    Raises:
        ValidationError: it belongs to another domain.
    """
    if policy and policy.domain_id not in {None, domain_pk}:
        raise ValidationError({"policy": _("This policy belongs to another domain.")})
