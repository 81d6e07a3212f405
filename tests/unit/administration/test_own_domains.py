"""Domain administrators change what is of their domains, and nothing else."""

import pytest
from django.urls import reverse

from accounts.models import Account, Department, Domain, Policy, SecurityEvent
from administration.models import Job
from tests.factories import make_policy
from tests.signedin import sign_in_verified
from tests.unit.administration.jobsteps import WHY, choose, counts, ordered, work_off
from tests.unit.administration.rolesteps import (
    browser_as,
    errors_of,
    post_policy,
    save,
)
from tests.unit.administration.steps import add_account
from tests.unit.administration.worlds import World, make_administrator

NOT_YOURS = "or you do not administer it"


# --- domains --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "value"), [("domain", "domain"), ("department", "department")]
)
def test_a_mailbox_is_not_put_into_what_is_not_ones_own(
    own: World, foreign: World, field: str, value: str
) -> None:
    browser = browser_as("domain", own)

    response = save(browser, own.owner, **{field: getattr(foreign, value).pk})

    assert NOT_YOURS in errors_of(response)[field][0]


@pytest.mark.parametrize("role", ["domain", "superuser"])
def test_a_policy_of_another_domain_cannot_be_chosen(
    own: World, foreign: World, role: str
) -> None:
    browser = browser_as(role, own)
    said = "" if role == "domain" else "belongs to another domain"

    mailbox = save(browser, own.owner, policy=foreign.policy.pk)
    domain = browser.post(
        reverse("admin:accounts_domain_change", args=[own.domain.pk]),
        {"name": own.domain.name, "policy": foreign.policy.pk},
    )
    department = browser.post(
        reverse("admin:accounts_department_change", args=[own.department.pk]),
        {"name": "S", "domain": own.domain.pk, "policy": foreign.policy.pk},
    )

    for response in (mailbox, domain, department):
        assert list(errors_of(response)) == ["policy"]
        assert said in errors_of(response)["policy"][0]


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("new@zzforeign.example", "You administer no domain “zzforeign.example”."),
        ("new@nowhere.example", "You administer no domain “nowhere.example”."),
        ("OWNER@ours.example", "A mailbox with this address exists."),
    ],
)
def test_a_new_mailbox_is_ones_own_and_new(
    own: World, foreign: World, address: str, said: str
) -> None:
    browser = browser_as("domain", own)
    before = Account.objects.count()

    # Whoever names a domain besides, names it in vain.
    response = add_account(browser, address=address, domain=foreign.domain.pk)

    assert list(errors_of(response)) == ["address"]
    assert said in errors_of(response)["address"][0]
    assert "<a" not in errors_of(response)["address"][0]
    assert Account.objects.count() == before


def test_a_new_mailbox_in_ones_own_domain_is_made(own: World) -> None:
    browser = browser_as("domain", own)

    response = add_account(browser, address="new@ours.example")

    assert response.status_code == 302
    made = Account.objects.get(address="new@ours.example")
    assert not made.is_staff


def test_domains_are_not_renamed_by_their_administrators_nor_under_their_mailboxes(
    own: World,
) -> None:
    page = reverse("admin:accounts_domain_change", args=[own.domain.pk])
    data = {"name": "other.example", "policy": own.policy.pk}

    browser_as("domain", own).post(page, data)
    refused = browser_as("operator", own).post(page, data)

    assert list(errors_of(refused)) == ["name"]
    assert Domain.objects.get(pk=own.domain.pk).name == "ours.example"


def test_a_department_with_mailboxes_stays_in_its_domain(
    own: World, foreign: World
) -> None:
    Account.objects.filter(pk=own.owner.pk).update(department=own.department)
    page = reverse("admin:accounts_department_change", args=[own.department.pk])

    refused = browser_as("operator", own).post(
        page, {"name": "Sales", "domain": foreign.domain.pk}
    )

    assert list(errors_of(refused)) == ["domain"]
    assert Department.objects.get(pk=own.department.pk).domain == own.domain


# --- policies -------------------------------------------------------------------------


def test_a_policy_of_ones_domain_is_changed_and_one_for_all_only_looked_at(
    own: World, foreign: World
) -> None:
    shared = make_policy("For everybody")
    browser = browser_as("domain", own)

    mine = post_policy(browser, own.policy, domain=own.domain.pk, pop3="")
    of_all = post_policy(browser, shared, domain=own.domain.pk, pop3="")
    page = browser.get(reverse("admin:accounts_policy_change", args=[shared.pk]))

    assert mine.status_code == 302
    assert of_all.status_code == 403
    assert "This policy is for every domain of the host" in page.content.decode()
    assert not Policy.objects.get(pk=own.policy.pk).pop3
    assert Policy.objects.get(pk=shared.pk).pop3
    assert SecurityEvent.objects.get(kind="policy-changed").domain == "ours.example"


def test_policies_for_all_are_not_deleted_by_domain_administrators(own: World) -> None:
    shared, unused = make_policy("For everybody"), make_policy("Unused")
    Policy.objects.filter(pk=unused.pk).update(domain=own.domain)
    browser = browser_as("domain", own)

    for policy in (shared, unused):
        page = reverse("admin:accounts_policy_delete", args=[policy.pk])
        browser.post(page, {"post": "yes"})

    assert Policy.objects.filter(pk=shared.pk).exists()
    assert not Policy.objects.filter(pk=unused.pk).exists()


@pytest.mark.parametrize("domain", ["", "foreign"])
def test_a_domain_administrator_makes_policies_for_their_domains_alone(
    own: World, foreign: World, domain: str
) -> None:
    browser = browser_as("domain", own)
    pk = foreign.domain.pk if domain else ""

    refused = post_policy(browser, None, domain=pk)
    made = post_policy(browser, None, domain=own.domain.pk)

    assert list(errors_of(refused)) == ["domain"]
    assert made.status_code == 302
    assert Policy.objects.get(name="New").domain == own.domain


def test_a_policy_that_binds_others_is_not_given_to_one_domain(
    own: World, foreign: World
) -> None:
    shared = make_policy("For everybody")
    Domain.objects.filter(pk=foreign.domain.pk).update(policy=shared)

    refused = post_policy(browser_as("operator", own), shared, domain=own.domain.pk)

    assert list(errors_of(refused)) == ["domain"]


def test_an_action_sets_no_policy_of_another_domain(own: World, foreign: World) -> None:
    operator = make_administrator("operator", own.domain)
    asked = {"policy": str(foreign.policy.pk)}

    on_mailboxes = work_off(ordered(operator, "set_policy", [own.owner], **asked))
    on_domains = work_off(ordered(operator, "set_domain_policy", [own.domain], **asked))
    on_departments = work_off(
        ordered(operator, "set_department_policy", [own.department], **asked)
    )
    domain_admin = make_administrator("domain", own.domain)
    page = choose(sign_in_verified(domain_admin), "set_policy", [own.owner])
    refused = sign_in_verified(domain_admin).post(
        page, {"confirm": "1", "reason": WHY, **asked}
    )

    assert on_mailboxes == on_domains == on_departments == counts(failed=1)
    assert refused.status_code == 422
    assert NOT_YOURS in refused.content.decode()
    assert foreign.policy.name not in refused.content.decode()


@pytest.mark.parametrize(
    ("action", "model"),
    [
        ("set_policy", "account"),
        ("set_domain_policy", "domain"),
        ("set_department_policy", "department"),
    ],
)
def test_an_action_suggests_the_policies_that_may_be_chosen_and_lists_none(
    own: World, foreign: World, action: str, model: str
) -> None:
    browser = browser_as("domain", own)
    row = own.rows[f"accounts_{model}"]
    page = choose(browser, action, [row], f"/admin/accounts/{model}/")

    shown = browser.get(page)
    field = shown.context["form"]["policy"].build_widget_attrs({})
    widget = shown.context["form"].fields["policy"].widget
    asked = widget.build_attrs(widget.attrs, field)
    source = {
        "app_label": asked["data-app-label"],
        "model_name": asked["data-model-name"],
        "field_name": asked["data-field-name"],
    }
    found = browser.get(asked["data-ajax--url"], source | {"term": "policy"}).json()

    assert asked["class"] == "admin-autocomplete"
    assert own.policy.name not in shown.content.decode()
    assert [each["text"] for each in found["results"]] == [own.policy.name]


@pytest.mark.parametrize(("role", "belongs"), [("domain", True), ("operator", False)])
def test_a_policy_made_by_an_action_belongs_to_whom_it_is_made_for(
    own: World, role: str, *, belongs: bool
) -> None:
    account = make_administrator(role, own.domain)

    found = work_off(ordered(account, "set_protocols", [own.owner], pop3="off"))

    own.owner.refresh_from_db()
    assert found == counts(changed=1)
    assert own.owner.policy is not None
    assert own.owner.policy.domain == (own.domain if belongs else None)


# --- jobs -----------------------------------------------------------------------------


def test_an_auditor_stops_nobodys_action(own: World) -> None:
    job: Job = own.rows["administration_job"]
    page = reverse("admin:administration_job_change", args=[job.pk])
    auditor = browser_as("auditor everywhere", own)

    assert auditor.get(page).status_code == 200
    assert auditor.post(page, {"stop": "1"}).status_code == 403

    job.refresh_from_db()
    assert job.ended_at is None


def test_what_is_no_domain_is_refused_at_the_field(own: World) -> None:
    browser = browser_as("superuser", own)
    administrator = make_administrator("domain", own.domain)

    response = save(browser, administrator, domains_administered=["none"])

    assert "domains_administered" in errors_of(response)
