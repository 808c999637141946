"""Fine-tuning a small multilingual transformer on labelled enquiries: `triage adapt`. Needs the extra `adapt`."""
