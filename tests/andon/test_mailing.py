"""Mail does what its settings say, or says which of them it cannot follow."""

from pathlib import Path

import pytest

from actions.errors import Unavailable
from andon.config import Config, ConfigError, read_config
from andon.mailing import address_in, addresses
from andon.wiring import NotPossible, executors_of

URL = "smtp://user:t0psecret@mail.example"
FROM = "Shop <help@shop.example>"


def test_alerts_go_by_mail_where_somebody_has_an_address_for_them() -> None:
    mailed = executors_of(Config(mail_url=URL, mail_from=FROM, mail_to="carrier=desk@c.example"))

    assert mailed.keys() == {"alert-carrier", "file-carrier-claim"}


def test_letters_go_by_mail_once_customers_addresses_are_known(tmp_path: Path) -> None:
    known = tmp_path / "customers.csv"
    known.write_text("customer_id,address\nC1,one@home.example\n", encoding="utf-8")
    mailed = executors_of(Config(mail_url=URL, mail_from=FROM, mail_customers=str(known)))

    assert mailed.keys() == {"message-customer"}
    assert (address_in(known, "C1"), address_in(known, "C2")) == ("one@home.example", None)


def test_an_address_without_a_tag_is_told_everything() -> None:
    found = addresses("all@shop.example ops,seller=some@shop.example")

    assert found["carrier"] == ("all@shop.example",)
    assert found["ops"] == ("all@shop.example", "some@shop.example")


def test_a_file_that_cannot_be_read_now_is_worth_another_try(tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text("id,mail\n1,2\n", encoding="utf-8")
    for name in ("missing.csv", "other.csv"):
        with pytest.raises(Unavailable, match="cannot be read"):
            address_in(tmp_path / name, "C1")


@pytest.mark.parametrize(
    ("config", "named"),
    [
        (Config(mail_url=URL), "ANDON_MAIL_FROM"),
        (Config(mail_url=URL, mail_from=FROM, mail_customers="no.csv"), "ANDON_MAIL_CUSTOMERS"),
        (Config(mail_url="ftp://user:t0psecret@host", mail_from=FROM), "mail server"),
    ],
)
def test_a_setting_that_cannot_be_followed_is_named_and_kept_secret(
    config: Config, named: str
) -> None:
    with pytest.raises((ConfigError, NotPossible), match=named) as caught:
        executors_of(config)

    assert "t0psecret" not in str(caught.value)


def test_a_secret_address_may_stand_in_a_file_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "url").write_text(URL + "\n", encoding="utf-8")

    assert read_config({"ANDON_MAIL_URL_FILE": str(tmp_path / "url")}).mail_url == URL
