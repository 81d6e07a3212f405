"""Filters for the audit log. Each uses an index; none runs COUNT(*)."""

from django.utils.translation import gettext_lazy as _

from accounts import addresses, networks
from administration.base.filters import Rows, TextFilter

IPV4 = 4


class ActorFilter(TextFilter):
    title = _("who (beginning of the name)")
    parameter_name = "by"

    def filter_by_text(self, rows: Rows, text: str) -> Rows:
        return rows.filter(actor__startswith=text)


class DomainFilter(TextFilter):
    title = _("domain")
    parameter_name = "in"

    def filter_by_text(self, rows: Rows, text: str) -> Rows:
        return rows.filter(domain=addresses.normalise_domain(text))


class NetworkFilter(TextFilter):
    title = _("from (address, or 198.51.100.0/24)")
    parameter_name = "network"

    def filter_by_text(self, rows: Rows, text: str) -> Rows:
        return _filter_by_network(rows, text)


def _filter_by_network(queryset: Rows, text: str) -> Rows:
    """Filter by an address, or by a network of whole octets, which uses the index."""
    network = networks.parse_network(text)
    if network is None:
        return queryset.none()
    size = 8 if network.version == IPV4 else 16
    if network.prefixlen == network.max_prefixlen:
        return queryset.filter(network_address=str(network.network_address))
    groups = network.prefixlen // size
    if network.prefixlen % size or not groups:
        return queryset.none()
    mark = "." if network.version == IPV4 else ":"
    start = mark.join(str(network.network_address).split(mark)[:groups])
    return queryset.filter(network_address__startswith=start + mark)
