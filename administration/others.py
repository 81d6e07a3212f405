"""Records of the libraries, as administrators see them; changes are recorded."""

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin
from django.contrib.auth.models import Group
from django.contrib.sites.admin import SiteAdmin
from django.contrib.sites.models import Site
from django_otp.plugins.otp_static.admin import StaticDeviceAdmin
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.admin import TOTPDeviceAdmin
from django_otp.plugins.otp_totp.models import TOTPDevice

from administration.audited import AuditedAdmin

# The libraries have registered their own pages when their modules were imported.
admin.site.unregister([Group, Site, StaticDevice, TOTPDevice])


@admin.register(Group)
class AuditedGroupAdmin(AuditedAdmin, GroupAdmin):
    pass


@admin.register(Site)
class AuditedSiteAdmin(AuditedAdmin, SiteAdmin):
    pass


@admin.register(StaticDevice)
class AuditedStaticDeviceAdmin(AuditedAdmin, StaticDeviceAdmin):
    pass


@admin.register(TOTPDevice)
class AuditedTOTPDeviceAdmin(AuditedAdmin, TOTPDeviceAdmin):
    pass
