def fingerprint(kernel):
    return {}
