"""Messages of Infor ION: its connection point, its document flows, and what they carry."""
