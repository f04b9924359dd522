"""A program that prints the keys of an installation, and makes them where there are none."""

from mfa_app.core.keys.keyring import load_keys
from mfa_app.settings import load_settings

if __name__ == "__main__":
    keys = load_keys(load_settings())
    print(keys.secret_keys, keys.data_keys)
