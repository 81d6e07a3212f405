"""The page *Third-Party Client Logon Security Management*, a module a subject."""
