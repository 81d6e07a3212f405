"""The pages about the person, a module a subject."""
