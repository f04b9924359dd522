"""What pages are made of: forms, fields, navigation, QR codes."""
