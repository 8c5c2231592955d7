# Scripts, nginx template and documents that are installed or shipped.
