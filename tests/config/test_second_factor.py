from __future__ import annotations

import pytest
from pydantic import ValidationError

from mvsnap.config.login import LoginSection
from mvsnap.domain import Role


def test_each_role_may_need_one() -> None:
    login = LoginSection.model_validate({"second_factor": {"admin": "required"}})
    assert login.second_factor.required_of == {Role.ADMIN}
    assert LoginSection().second_factor.required_of == frozenset()


@pytest.mark.parametrize(
    ("login", "says"),
    [
        ({"second_factor": {"king": "required"}}, "king"),
        ({"second_factor": {"admin": True}}, "'optional' or 'required'"),
        (
            {"backend": "pam", "second_factor": {"viewer": "required"}},
            "only with backend local",
        ),
        ({"idle_minutes": 0}, "greater than or equal to 1"),
    ],
)
def test_what_could_not_be_asked_for_is_refused(login: object, says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        LoginSection.model_validate(login)
