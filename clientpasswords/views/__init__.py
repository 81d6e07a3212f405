"""Views of *Third-Party Client Logon Security Management*, one module a subject."""
