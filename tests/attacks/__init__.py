"""The table of attacks: each number of the project's list, what eve tries, and the test in which she fails.

The groups: A codes and replay, B brute force, C skipping the second gate, D linking, E remembered devices,
F sessions, forms and redirects, G mailed links, H administration and help desk, I headers and proxies,
J races, crashes and clocks, K size, floods, logs and stolen files. Where a number has no test, it has a
reason. `test_table.py` holds this table to what there is.
"""

PAGES, HERE = "tests/pages/test_", "tests/attacks/test_"
CODE, ERRORS, DEVICE = f"{PAGES}code.py::", f"{PAGES}errors.py::", f"{PAGES}remembered_device.py::"
LOGIN, LOGOUT, LINKING = f"{PAGES}login.py::", f"{PAGES}logout.py::", f"{PAGES}enrolment.py::"
MAILED, HEADERS, NEXT = f"{PAGES}password_links.py::", f"{PAGES}headers.py::", f"{PAGES}next.py::"
DESK, PEOPLE, POLICY = f"{PAGES}help_desk.py::", f"{PAGES}admin_people.py::", f"{PAGES}admin_policy.py::"
TOTP, THROTTLE = "tests/core/test_totp.py::", "tests/core/test_throttle.py::"
RACES, CRASH = "tests/races/test_races.py::", "tests/crash/test_crashes.py::"
VERIFY, ROTATE = "tests/cli/test_audit_verify.py::", "tests/cli/test_keys_rotate.py::"
A, B = f"{HERE}a_codes_and_replay.py::", f"{HERE}b_brute_force.py::"
C, D = f"{HERE}c_skipping.py::", f"{HERE}d_linking.py::"
E, F = f"{HERE}e_remembered_devices.py::", f"{HERE}f_sessions_and_redirects.py::"
G, H = f"{HERE}g_mailed_links.py::", f"{HERE}h_help_desk.py::"
I, J = f"{HERE}i_headers_and_proxies.py::", f"{HERE}j_races_and_clocks.py::"  # noqa: E741 - the groups' letters
K = f"{HERE}k_size_and_dos.py::"

NO_RECOVERY_CODES = "There are no recovery codes: the help desk resets the app."
NO_FORWARD_AUTH = "The site answers for itself alone: it stands before no other application."
NO_OIDC = "The site is no OpenID provider."

# number: (what eve tries, the tests in which she fails, or why there is nothing to try)
ATTACKS: dict[int, tuple[str, tuple[str, ...] | str]] = {
    1: (
        "one code twice",
        (
            f"{CODE}test_a_code_works_once",
            f"{A}test_a_code_used_to_confirm_opens_no_login",
            f"{A}test_a_used_code_is_refused_by_the_other_process_too",
        ),
    ),
    2: (
        "a newer code, then an older one",
        (
            f"{CODE}test_an_older_code_is_used_up_by_a_newer_one",
            f"{A}test_a_used_code_stays_used_after_wrong_ones",
        ),
    ),
    3: (
        "a used code in other spellings",
        (
            f"{CODE}test_a_used_code_is_used_in_every_spelling",
            f"{CODE}test_the_right_code_in_other_digits_is_refused",
            f"{TOTP}test_other_scripts_digits_are_refused",
        ),
    ),
    4: (
        "what is no code at all",
        (
            f"{ERRORS}test_nonsense_in_the_code_gets_a_sentence",
            f"{A}test_a_code_as_json_is_refused_without_an_error",
            f"{A}test_a_megabyte_of_code_is_refused_unread",
            f"{K}test_json_is_no_form_of_ours",
        ),
    ),
    5: ("the code that linked the app", (f"{CODE}test_the_code_that_linked_the_app_opens_no_login",)),
    6: (
        "codes of other times",
        (
            f"{CODE}test_a_phone_may_not_be_further_off",
            f"{A}test_a_code_out_of_its_time_is_charged_like_any_wrong_one",
            f"{A}test_a_time_that_eve_sends_along_is_not_believed",
        ),
    ),
    8: (
        "zeros in front, five, seven and eight digits",
        (f"{TOTP}test_a_leading_zero_counts", f"{CODE}test_what_is_no_code_is_refused_with_a_sentence"),
    ),
    9: (
        "wrong codes with the password again before each",
        (
            f"{CODE}test_giving_the_password_again_buys_no_more_tries",
            f"{CODE}test_after_fifty_wrong_codes_no_code_opens_the_account",
            f"{B}test_the_fiftieth_wrong_code_stops_the_app_wherever_each_came_from",
        ),
    ),
    10: (
        "another address in every header",
        (
            f"{I}test_no_header_about_an_address_opens_another_bucket",
            f"{I}test_a_whole_network_of_version_six_is_one_bucket",
            f"{I}test_behind_a_proxy_only_what_the_proxy_wrote_counts",
        ),
    ),
    11: (
        "one account in many spellings",
        (
            f"{LOGIN}test_all_spellings_of_an_address_share_one_counter",
            f"{I}test_an_old_address_in_a_new_spelling_is_the_old_bucket",
        ),
    ),
    12: (
        "many guesses at once",
        (
            f"{RACES}test_of_twenty_wrong_codes_at_most_five_are_looked_at",
            f"{B}test_of_twenty_passwords_guessed_at_once_at_most_five_are_looked_at",
            f"{B}test_of_thirty_one_people_guessed_at_once_thirty_are_looked_at",
        ),
    ),
    13: (
        "a guess whose request fails",
        (
            f"{B}test_each_refusal_is_counted_and_committed",
            f"{B}test_a_guess_that_ends_in_an_error_is_counted_too",
            f"{THROTTLE}test_a_charge_outlives_the_request_that_fails",
        ),
    ),
    14: (
        "a restart between guesses",
        (
            f"{B}test_a_restart_gives_eve_no_new_tries",
            f"{CRASH}test_a_wrong_code_that_was_counted_stays_counted",
        ),
    ),
    16: ("a second budget for recovery codes", NO_RECOVERY_CODES),
    17: (
        "shutting alice out by failing",
        (
            f"{PAGES}known_browser.py::test_wrong_passwords_from_strangers_do_not_lock_the_known_browser",
            f"{B}test_a_thousand_wrong_passwords_from_everywhere_leave_alice_her_browser_and_her_mail",
            f"{B}test_eve_at_the_code_page_slows_down_nobodys_password",
        ),
    ),
    18: (
        "the right password and wrong codes, unseen",
        (
            f"{CODE}test_alice_is_told_when_three_wrong_codes_follow_her_right_password",
            f"{CODE}test_a_wrong_code_leaves_one_row_that_does_not_tell_it",
        ),
    ),
    19: (
        "filling the table of counters",
        (
            f"{B}test_made_up_addresses_fill_no_table",
            f"{B}test_a_window_that_is_over_leaves_no_row",
        ),
    ),
    20: (
        "telling accounts by how long they make one wait",
        (
            f"{B}test_waiting_never_tells_a_known_address_from_an_unknown_one",
            f"{B}test_a_closed_account_looks_like_a_closed_nobody",
        ),
    ),
    21: (
        "every method at every address with the password alone",
        (
            f"{C}test_no_method_on_any_address_opens_anything_before_the_code",
            f"{C}test_before_the_code_nothing_that_eve_sends_changes_a_row",
            f"{C}test_over_the_network_a_pending_login_opens_only_the_code_page",
        ),
    ),
    22: (
        "the last step alone, with another's or a finished login",
        (
            f"{C}test_the_code_page_is_nothing_without_a_session_that_waits_for_it",
            f"{C}test_the_token_of_the_first_gate_is_dead_after_the_second",
            f"{C}test_eves_own_pending_login_does_not_take_the_code_of_another",
        ),
    ),
    24: (
        "a login that has waited for long",
        (
            f"{CODE}test_between_the_gates_there_are_ten_minutes",
            f"{C}test_logging_out_before_the_code_wipes_the_login",
        ),
    ),
    25: (
        "breaking what the decision is made from",
        (
            f"{C}test_a_secret_that_cannot_be_opened_lets_nobody_in",
            f"{C}test_a_locked_database_lets_nobody_in",
            f"{C}test_a_policy_that_cannot_be_read_is_no_policy_without_a_code",
            f"{C}test_without_a_row_for_everyone_nobody_gets_in",
            f"{C}test_a_mail_server_that_is_down_holds_up_no_login_and_spares_no_code",
        ),
    ),
    26: (
        "the QR code with the password alone",
        (
            f"{CODE}test_a_linked_person_never_reaches_the_linking_page_with_the_password",
            f"{LINKING}test_once_linked_the_page_shows_no_secret_to_the_password_alone",
            f"{C}test_with_the_password_alone_the_linking_page_shows_no_secret_by_any_method",
        ),
    ),
    27: (
        "changing the answer on its way",
        (
            f"{CODE}test_with_the_password_alone_every_other_page_leads_to_the_code",
            f"{C}test_over_the_network_a_pending_login_opens_only_the_code_page",
        ),
    ),
    29: (
        "a header in place of both gates",
        (
            f"{LOGOUT}test_an_authorization_header_opens_nothing",
            f"{C}test_no_header_takes_the_place_of_the_code",
        ),
    ),
    30: (
        "linking before alice does",
        (f"{D}test_eve_who_links_first_is_told_to_alice_and_undone_by_the_help_desk",),
    ),
    31: (
        "a session from before the requirement",
        (
            f"{D}test_a_requirement_meets_an_open_session_without_an_app",
            f"{POLICY}test_a_policy_tightened_at_noon_holds_at_the_next_click",
        ),
    ),
    32: (
        "the secret in caches, addresses, logs",
        (
            f"{LINKING}test_the_page_is_kept_nowhere",
            f"{LOGOUT}test_after_logging_out_the_back_button_shows_nothing",
            f"{D}test_the_secret_stands_on_the_page_and_in_no_header_address_or_cookie",
            f"{D}test_nothing_of_a_linking_is_in_the_servers_log",
        ),
    ),
    33: (
        "the secret in a cookie",
        (f"{D}test_the_secret_stands_on_the_page_and_in_no_header_address_or_cookie",),
    ),
    34: (
        "an older QR code",
        (
            f"{LINKING}test_the_same_qr_code_survives_reloads_and_wrong_codes",
            f"{D}test_a_code_for_a_qr_code_of_before_links_nothing",
            f"{D}test_a_photographed_qr_code_is_worth_nothing_after_another_login",
        ),
    ),
    36: (
        "making alice link eve's app",
        (
            f"{D}test_enable_posted_from_elsewhere_links_nothing",
            f"{D}test_eve_cannot_name_the_secret_that_is_linked",
            f"{LINKING}test_the_code_of_another_browsers_qr_code_links_nothing",
        ),
    ),
    37: (
        "a name that breaks the address in the QR code",
        (
            f"{TOTP}test_the_address_parses_back_whatever_the_names",
            f"{LINKING}test_the_longest_names_still_make_a_picture_that_a_camera_reads",
        ),
    ),
    38: ("guessing at the linking page", (f"{LINKING}test_guessing_at_the_linking_page_has_an_end_too",)),
    40: (
        "alice's device with bob's password",
        (
            f"{DEVICE}test_alices_cookie_does_not_count_for_bob",
            f"{E}test_the_name_of_the_cookie_is_not_what_is_believed",
        ),
    ),
    42: (
        "a device after what it stands for has changed",
        (
            f"{DEVICE}test_it_ends_with_what_it_stands_for",
            f"{DEVICE}test_it_ends_when_a_code_is_required_no_longer_and_then_again",
            f"{DEVICE}test_it_ends_with_a_reset_and_stays_ended_after_linking_anew",
            f"{DEVICE}test_it_ends_when_a_new_phone_is_linked",
            f"{E}test_the_secret_of_one_device_opens_no_other_row",
        ),
    ),
    43: (
        "a device that is kept for ever",
        (
            f"{DEVICE}test_a_browser_that_keeps_the_cookie_for_ever_gains_nothing",
            f"{E}test_a_cookie_whose_age_eve_has_edited_is_as_old_as_its_row",
        ),
    ),
    44: (
        "a device without the password, or for administration",
        (
            f"{E}test_a_copied_cookie_alone_opens_nothing",
            f"{E}test_a_stolen_device_with_the_password_changes_nothing",
            f"{DEVICE}test_it_does_not_open_administration",
        ),
    ),
    45: (
        "a device copied to another machine",
        (
            f"{E}test_a_copied_cookie_shows_on_alices_page_and_ends_with_a_click",
            f"{E}test_a_session_on_a_stolen_device_ends_the_moment_alice_forgets_it",
        ),
    ),
    46: (
        "Flask-Login's own cookie",
        (
            f"{LOGOUT}test_flask_logins_own_cookie_is_never_set_and_never_believed",
            f"{E}test_a_cookie_signed_with_a_key_of_ones_own_is_none",
        ),
    ),
    47: (
        "a session planted before the login",
        (
            f"{F}test_a_planted_session_is_not_the_one_that_alice_logs_in_to",
            f"{F}test_what_stood_in_the_form_cookie_before_the_login_is_gone_after_it",
        ),
    ),
    48: (
        "a token after logging out",
        (
            f"{LOGOUT}test_logging_out_ends_the_session_on_the_server",
            f"{F}test_a_stolen_token_dies_with_the_logout_of_its_owner",
        ),
    ),
    49: (
        "leading somebody to another site",
        (
            f"{NEXT}test_next_never_leads_elsewhere",
            f"{NEXT}test_a_code_and_a_new_app_lead_nowhere_else_either",
            f"{I}test_a_referer_leads_nobody_away",
            f"{I}test_a_referer_that_is_no_address_is_no_error_of_the_server",
        ),
    ),
    50: ("a look-alike behind forward-auth", NO_FORWARD_AUTH),
    51: (
        "a form sent from elsewhere",
        (
            f"{F}test_no_form_counts_that_comes_from_elsewhere",
            f"{F}test_a_token_counts_for_the_browser_that_it_was_made_for",
        ),
    ),
    52: (
        "forms behind TLS",  # `make proxy`: also behind nginx, on any port
        (
            f"{HEADERS}test_behind_tls_every_cookie_is_tied_to_the_host_and_to_tls",
            f"{HEADERS}test_behind_tls_a_form_from_elsewhere_is_refused",
        ),
    ),
    53: ("logging alice in as eve", (f"{F}test_eve_cannot_log_alice_in_to_eves_account",)),
    54: ("a frame around a page", (f"{HEADERS}test_every_answer_shuts_out_frames_and_foreign_scripts",)),
    55: (
        "changing something by looking",
        (f"{F}test_looking_changes_nothing", f"{F}test_no_other_method_is_answered"),
    ),
    56: (
        "broken, many, huge and old cookies",
        (
            f"{ERRORS}test_a_broken_cookie_is_no_cookie",
            f"{ERRORS}test_fifty_cookies_do_no_harm",
            f"{F}test_a_form_cookie_of_an_old_key_is_an_empty_one",
            f"{E}test_a_well_signed_cookie_of_any_shape_does_no_harm",
            f"{K}test_too_much_is_refused_before_it_is_read",
        ),
    ),
    57: (
        "cookies without their attributes",
        (
            f"{HEADERS}test_behind_tls_every_cookie_is_tied_to_the_host_and_to_tls",
            f"{HEADERS}test_behind_tls_a_cookie_without_the_prefix_is_not_believed",
        ),
    ),
    58: (
        "scripts, formulas and made-up sentences in names",
        (
            f"{F}test_names_and_reasons_of_eve_run_on_no_page_of_administration",
            f"{F}test_names_and_reasons_of_eve_run_in_no_mail",
            f"{F}test_a_user_agent_puts_no_words_of_eves_into_a_mail",
            f"{F}test_the_download_runs_nothing_of_eves",
        ),
    ),
    59: ("a shared cache", (f"{HEADERS}test_no_page_is_kept_in_any_cache",)),
    60: (
        "another host in the mailed link",
        (
            f"{G}test_the_mail_leads_to_the_configured_address_whatever_eve_says",
            f"{G}test_a_foreign_host_gets_no_mail_sent_and_no_link_of_its_own",
        ),
    ),
    61: (
        "a link twice, late, replaced, in parallel",
        (
            f"{MAILED}test_a_link_works_once",
            f"{MAILED}test_a_newer_link_takes_the_place_of_the_older",
            f"{G}test_a_link_ends_with_whatever_it_was_born_under",
            f"{G}test_of_twenty_who_accept_one_invitation_at_once_one_succeeds",
            f"{RACES}test_one_mailed_link_sets_one_password",
        ),
    ),
    63: (
        "a reset in place of the second gate",
        (
            f"{MAILED}test_the_second_gate_stays_where_it_is",
            f"{G}test_a_reset_leaves_the_second_gate_shut_and_the_app_linked",
        ),
    ),
    64: (
        "telling accounts by answers and times",
        (
            f"{LOGIN}test_all_failures_give_the_same_page_to_the_byte",
            f"{G}test_all_who_may_not_log_in_look_alike_to_whoever_asks",
            f"{G}test_known_and_unknown_addresses_take_about_as_long",
        ),
    ),
    65: (
        "a flood of mails",
        (
            f"{G}test_mail_to_one_person_is_capped_however_the_address_is_spelt",
            f"{MAILED}test_one_network_asks_ten_times_in_ten_minutes",
        ),
    ),
    67: (
        "more from an invitation than was meant",
        (
            f"{G}test_an_invitation_makes_one_account_of_the_role_that_was_meant",
            f"{G}test_an_invitation_taken_back_by_a_newer_one_opens_nothing",
            f"{G}test_an_invitation_outlives_the_group_that_it_came_with",
            f"{G}test_of_twenty_who_accept_one_invitation_at_once_one_succeeds",
        ),
    ),
    68: (
        "a new address, unseen",  # administrators alone change it, so the new one is not asked first
        (f"{PEOPLE}test_a_new_address_is_told_to_the_old_one_and_ends_all_access",),
    ),
    69: (
        "the help desk against its betters, equals, itself",
        (
            f"{DESK}test_it_never_resets_its_equals_its_betters_or_itself",
            f"{H}test_the_help_desk_changes_nothing_about_its_betters_equals_or_itself",
            f"{H}test_nobody_gives_a_role_that_the_own_does_not_reach",
        ),
    ),
    70: (
        "the help desk makes administrators",
        (
            f"{H}test_what_only_administrators_may_is_refused_to_all_others",
            f"{H}test_the_help_desk_resets_staff_and_changes_nothing_else",
        ),
    ),
    72: (
        "a stolen session of an administrator",
        (
            f"{H}test_a_stolen_session_changes_nothing_once_its_code_is_old",
            f"{PEOPLE}test_a_post_with_a_stale_code_changes_nothing",
        ),
    ),
    74: (
        "naming what belongs to others",
        (
            f"{H}test_the_sessions_and_devices_of_others_cannot_be_named",
            f"{H}test_identifiers_are_random",
        ),
    ),
    76: (
        "being the proxy",
        (
            f"{I}test_gunicorn_believes_no_scheme_prefix_or_address_from_its_neighbour",
            f"{ERRORS}test_a_forwarded_host_is_not_believed",
        ),
    ),
    77: ("an address for Flask-Login", (f"{I}test_a_session_does_not_end_or_move_with_a_header",)),
    78: (
        "a name in a header",  # it would matter most to an application behind the site; there is none
        (
            f"{I}test_no_header_says_who_somebody_is",
            f"{H}test_visitors_of_a_name_of_an_administrator_are_visitors",
        ),
    ),
    79: (
        "a shut page in another spelling",
        (
            f"{I}test_a_shut_page_is_shut_in_every_spelling",
            f"{I}test_static_files_are_all_that_is_served",
        ),
    ),
    80: (
        "an address that is none",
        (
            f"{I}test_an_address_that_is_none_shares_one_bucket",
            f"{I}test_behind_a_proxy_garbage_for_an_address_skips_no_limit",
        ),
    ),
    81: ("forward-auth with sessions that are not through", NO_FORWARD_AUTH),
    82: ("redirects, codes and tokens of OIDC", NO_OIDC),
    83: (
        "requests that are read in two ways",  # `make proxy`: also by nginx and gunicorn
        (
            f"{I}test_what_two_readers_could_read_in_two_ways_is_refused",
            f"{I}test_a_request_with_bare_line_feeds_or_without_a_version_is_refused",
        ),
    ),
    84: (
        "one code twenty times at once",
        (
            f"{RACES}test_of_twenty_posts_of_one_code_one_gets_in",
            f"{J}test_twenty_presses_of_remember_leave_one_session_and_at_most_one_device",
        ),
    ),
    85: ("one recovery code twenty times at once", NO_RECOVERY_CODES),
    86: (
        "two changes in the same moment",
        (
            f"{RACES}test_of_two_phones_enabled_at_once_one_is_linked",
            f"{J}test_a_code_beside_a_change_leaves_nobody_in",
            f"{J}test_the_old_password_beside_a_new_one_leaves_nobody_in",
            f"{J}test_an_old_hash_that_is_renewed_never_brings_an_old_password_back",
            f"{J}test_the_last_administrators_cannot_close_each_other_at_once",
        ),
    ),
    87: (
        "a rule that goes off and on in between",
        (
            f"{CODE}test_turning_the_requirement_on_between_password_and_code_asks_for_it",
            f"{J}test_switching_the_rule_back_and_forth_lets_nobody_in_without_a_code",
            f"{J}test_enabling_beside_a_rule_that_goes_off_leaves_an_app_with_its_session_or_none",
        ),
    ),
    88: (
        "staying in through a reset",
        (
            f"{H}test_a_reset_reaches_the_victim_on_the_code_page_within_one_request",
            f"{D}test_what_ends_all_access_ends_a_qr_code_on_a_page_too",
            f"{RACES}test_a_reset_beside_a_login_leaves_nobody_logged_in",
        ),
    ),
    90: (
        "a worker killed in the middle",
        (
            f"{CRASH}test_enable_is_done_wholly_or_not_at_all",
            f"{CRASH}test_a_reset_is_done_wholly_or_not_at_all",
            f"{CRASH}test_a_rotation_of_the_keys_is_finished_by_the_next_one",
        ),
    ),
    91: (
        "a database that is locked or cannot be written",
        (
            f"{C}test_a_locked_database_lets_nobody_in",
            f"{C}test_a_read_only_database_lets_nobody_in",
        ),
    ),
    92: (
        "clocks that jump",
        (
            f"{J}test_a_clock_that_jumps_between_the_gates_lets_nobody_through",
            f"{J}test_after_a_clock_that_was_a_day_ahead_alice_gets_in_again",
            f"{J}test_a_clock_corrected_after_a_login_of_tomorrow_is_cured_by_the_help_desk",
            f"{G}test_a_clock_set_back_makes_no_old_link_good_again",
            f"{LOGOUT}test_a_clock_set_back_keeps_no_session_alive",
        ),
    ),
    93: (
        "phones that are a little off",
        (f"{J}test_a_phone_at_the_edge_of_a_step_works", f"{CODE}test_a_phone_may_be_one_step_off"),
    ),
    95: (
        "too much, too slow, too many fields",
        (
            f"{ERRORS}test_a_body_of_more_than_64_kib_is_refused",
            f"{ERRORS}test_a_thousand_fields_are_refused_or_ignored",
            f"{K}test_a_body_in_chunks_has_the_same_end",
            f"{K}test_few_slow_clients_do_not_hold_up_the_others",
        ),
    ),
    96: (
        "drowning the site in hashes",
        (
            f"{K}test_a_password_of_sixty_thousand_characters_is_not_hashed",
            f"{K}test_two_hundred_logins_at_once_leave_the_login_page_answering",
        ),
    ),
    99: (
        "forged lines in logs and on terminals",
        (
            f"{K}test_a_reason_forges_no_line_of_the_log",
            f"{K}test_a_reason_commands_no_terminal_and_forges_no_row_of_a_list",
            f"{K}test_a_user_agent_is_one_printable_line_wherever_it_is_kept",
        ),
    ),
    101: (
        "rewriting the trail",
        (
            f"{VERIFY}test_the_database_itself_refuses_to_change_the_trail",
            f"{VERIFY}test_what_was_done_to_a_row_is_named",
            f"{VERIFY}test_a_tail_cut_with_care_shows_against_the_anchor_of_the_day",
        ),
    ),
    102: (
        "a stolen database",
        (
            f"{K}test_a_stolen_database_file_holds_nothing_that_opens_anything",
            f"{K}test_the_server_writes_down_no_secret_of_a_whole_run",
        ),
    ),
    103: (
        "other keys",
        (
            f"{ROTATE}test_everything_is_sealed_anew_and_everybody_gets_in",
            f"{ROTATE}test_the_server_does_not_start_on_keys_that_do_not_fit",
            f"{F}test_a_form_cookie_of_an_old_key_is_an_empty_one",
        ),
    ),
}
