"""The keys of the installation, and sealing with them."""
