"""Each gateway for text messages says its settings, and nobody else does."""

import importlib
import pkgutil
from pathlib import Path

import pytest
from django.conf import settings

from gateways import sms
from gateways.sms.gateway import Gateway, GatewaySetting
from mailportal.checks.secrets import SHORTEST
from mailportal.configuration import LONGEST_CALL, SETTINGS

ROOT = Path(settings.BASE_DIR)
MODULES = [
    importlib.import_module(f"gateways.sms.{module.name}")
    for module in pkgutil.iter_modules(sms.__path__)
]
REAL = [name for name, gateway in sms.GATEWAYS.items() if gateway.is_for_production]


def test_every_gateway_that_there_is_can_be_chosen() -> None:
    found = {
        value
        for module in MODULES
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Gateway)
    }

    assert found - {Gateway} == set(sms.GATEWAYS.values())
    assert SETTINGS["SMS_GATEWAY"].default == next(iter(sms.GATEWAYS))
    for name in sms.GATEWAYS:
        assert SETTINGS["SMS_GATEWAY"].accepts(name)


def test_every_setting_of_a_gateway_is_among_its_own() -> None:
    found = {
        value
        for module in MODULES
        for value in vars(module).values()
        if isinstance(value, GatewaySetting)
    }

    assert found == set(sms.GATEWAY_SETTINGS)
    for name, gateway in sms.GATEWAYS.items():
        assert {each for group in gateway.needed for each in group} <= set(
            gateway.own_settings
        )
        for each in gateway.own_settings:
            assert each.name.startswith(f"{name.upper()}_")


@pytest.mark.parametrize("setting", sms.GATEWAY_SETTINGS, ids=lambda each: each.name)
def test_each_of_its_settings_is_read_checked_and_explained(
    setting: GatewaySetting,
) -> None:
    read = SETTINGS[setting.name]

    assert (read.default, read.is_secret) == (setting.default, setting.is_secret)
    assert setting.value == getattr(settings, setting.name)
    assert isinstance(setting.value, type(setting.default))
    assert SHORTEST.get(setting.name, 0) == setting.shortest
    assert not setting.shortest or setting.is_secret
    assert bool(setting.pattern) == bool(setting.form)
    assert f"\n{setting.name}=" in (ROOT / ".env.example").read_text()
    if read.kind == "float":
        assert read.highest == LONGEST_CALL


@pytest.mark.parametrize("name", REAL)
def test_the_manual_says_what_a_real_one_needs(name: str) -> None:
    manual = (ROOT / "docs" / "operations.md").read_text()
    example = (ROOT / ".env.example").read_text()

    assert f"\n# {name}, " in example.split("# --- text messages")[1]
    assert sms.GATEWAYS[name].needed
    for group in sms.GATEWAYS[name].needed:
        assert any(f"`{each.name}`" in manual for each in group)


@pytest.mark.parametrize("name", REAL)
def test_no_other_module_names_its_settings(name: str) -> None:
    naming = [
        path.relative_to(ROOT)
        for folder in ("accounts", "clientpasswords", "administration", "mailportal")
        for path in (ROOT / folder).rglob("*.py")
        if f"{name.upper()}_" in path.read_text()
    ]

    assert naming == []
