"""A key of a policy and the field of the domain's policy have the same name."""

import dataclasses

from routersvc.domain.catalogue.policies import Policy
from routersvc.settings.sections.policies import PolicySection


def test_every_key_is_a_field_of_the_policy() -> None:
    """The value is made by name: a key without a field, or the reverse, would have no effect."""
    fields = {field.name for field in dataclasses.fields(Policy)}

    assert fields - {"name"} == PolicySection.model_fields.keys() - {"models"}
