"""An operator's own parameters of Postfix, in place of ours of the same name.

Postfix has no file that includes another: what stands in local/main.cf becomes part of
the rendered main.cf.
"""

import re

# By these the portal's rule is asked. Restrictions of your own stand in a service of
# local/master.cf, or in a parameter that ours do not set.
NOT_TO_SET = frozenset(
    {
        "smtpd_sasl_type",
        "smtpd_sasl_path",
        "smtpd_sender_login_maps",
        "mua_logon_is_live",
        "mua_sender_restrictions",
        "mua_sender_refusal",
        "mua_relay_restrictions",
        "mua_end_of_data_restrictions",
        "smtpd_restriction_classes",
        "from_webmail_only",
        "logon_ended",
        "proxy_read_maps",
    }
)
# A parameter with the lines that continue it: those that begin with a blank.
PARAMETER = re.compile(r"^(\w+)[ \t]*=.*\n(?:[ \t]+\S.*\n)*", re.MULTILINE)


def require_allowed(own: str) -> None:
    """Check that the operator's parameters are theirs to set.

    Raises:
        ValueError: one of them decides who may send.
    """
    taken = sorted(NOT_TO_SET.intersection(_names(own)))
    if taken:
        message = f"local/main.cf sets {', '.join(taken)}: the portal's rule needs it"
        raise ValueError(message)


def replace_parameters(text: str, own: str) -> str:
    """Return main.cf with the operator's parameters in place of those it has."""
    names = _names(own)
    rest = PARAMETER.sub(lambda found: "" if found[1] in names else found[0], text)
    return f"{rest}\n{own}" if names else rest


def _names(text: str) -> set[str]:
    return {found[1] for found in PARAMETER.finditer(f"{text}\n")}
