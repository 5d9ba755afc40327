// SPDX-License-Identifier: Apache-2.0
// A program of app.main's as a process of its own: pipes and signals. It is waited for by what it
// prints, never by time.
#include "cli/process.hpp"

#include <doctest/doctest.h>
#include <signal.h>

#include <string>

#include <weir/error.hpp>

using tests::process;

TEST_CASE("--input t=- reads standard input, line by line, as they come") {
    process p{{"--input", "t=-"}, WEIR_APP_PROGRAM, process::errors::apart};
    p.write("one\n");
    CHECK(p.read_to("one") == "one\n");
    p.write("tw");
    p.write("o\nthree");
    CHECK(p.read_to("two") == "two\n");
    p.end_input();  // so the last line needs no end, and then the run ends
    CHECK(p.read_to("batch of 3") == "three\nbatch of 3\n");
    CHECK(p.read_rest() == "committed t[0] 3\n");
    CHECK(p.wait() == 0);
}

TEST_CASE("SIGTERM and SIGINT stop cleanly: what is buffered is delivered, all is committed") {
    for (const int number : {SIGTERM, SIGINT}) {
        CAPTURE(number);
        process p{{"run", "--input", "t=-"}, WEIR_APP_PROGRAM, process::errors::apart};
        p.write("one\ntwo\n");
        CHECK(p.read_to("two") == "one\ntwo\n");
        p.signal(number);
        CHECK(p.read_rest() == "batch of 2\ncommitted t[0] 2\n");
        const std::string name = number == SIGINT ? "SIGINT" : "SIGTERM";
        CHECK(p.read_errors() == "weir: " + name +
                                     ": finishing 2 messages; a second signal ends the program at "
                                     "once\nweir: stopped, committed: t[0] 2\n");
        CHECK(p.wait() == 0);
    }
}

TEST_CASE("a stop says how much of each partition is left, and where nothing is committed") {
    for (const bool some : {true, false}) {
        CAPTURE(some);
        process p{{"run", "--input", "t=-"}, WEIR_APP_PROGRAM, process::errors::apart};
        p.write(some ? "one\nlater\ntwo\n" : "later\ntwo\n");
        p.read_to("later");
        p.signal(SIGTERM);
        p.read_rest();
        const std::string what = some ? "t[0] 1 (2 left)" : "t[0] nothing new (2 left)";
        CHECK(p.read_errors().ends_with("weir: stopped, committed: " + what + '\n'));
        CHECK(p.wait() == 0);
    }
}

TEST_CASE("--until-idle ends a program whose input has ended") {
    process p{{"--until-idle", "1ms", "--input", "t=-"}};
    p.write("one\n");
    p.end_input();
    CHECK(p.read_rest() == "one\nbatch of 1\ncommitted t[0] 1\n");
    CHECK(p.wait() == 0);
}

TEST_CASE("what a program of app.main's says goes to standard error, its exit code to the shell") {
    process help{{"--help"}};
    CHECK(help.read_rest().find("Exit codes: 0 stopped as asked") != std::string::npos);
    CHECK(help.wait() == 0);
    process wrong{{"--nothing-like-it"}};
    CHECK(wrong.read_rest().find("see stops --help\n") != std::string::npos);
    CHECK(wrong.wait() == 2);
}

TEST_CASE("a second signal ends the program at once") {
    process p{{"--input", "t=-"}};
    p.write("hang\n");
    CHECK(p.read_to("hang") == "hang\n");
    p.signal(SIGINT);
    p.signal(SIGTERM);
    const int how = p.wait();  // which of two pending signals comes first is the system's choice
    CHECK((how == -SIGTERM || how == -SIGINT));
    CHECK(p.read_rest().empty());
}

TEST_CASE("on a terminal one line says how far it is; elsewhere nothing is written over") {
    process p{{"--input", "t=-"}, WEIR_APP_PROGRAM, process::errors::on_terminal};
    p.write("one\n");
    CHECK(p.read_to("one") == "one\n");
    const auto seen = p.read_errors_to("1 messages read, ");
    CHECK(seen.find('\r') != std::string::npos);
    CHECK(p.read_errors_to(" held").ends_with("/s, 1 held"));
    p.signal(SIGTERM);
    CHECK(p.wait() == 0);

    process q{{"--input", "t=-", "--until-idle", "1ms"}, WEIR_APP_PROGRAM, process::errors::apart};
    q.write("one\n");
    q.end_input();
    CHECK(q.read_rest() == "one\nbatch of 1\ncommitted t[0] 1\n");
    CHECK(q.read_errors().empty());
    CHECK(q.wait() == 0);
}

TEST_CASE("what is wrong before app.main is one sentence and an exit code, not an abort") {
    const auto says = [](const char* fault, int code, const std::string& sentence) {
        CAPTURE(fault);
        process p{{fault}, WEIR_LATE_FAULT_PROGRAM};
        CHECK(p.read_rest() == "late_fault: " + sentence + '\n');
        CHECK(p.wait() == code);
    };
    const int usage = weir::exit_code::usage;
    says("id", usage, "weir: an app needs an id: it is the consumer group's");
    says("topic", usage,
         "\"no topic's name\" cannot be a topic's name: it must be 1 to 249 of the characters a-z "
         "A-Z 0-9 . _ - and neither \".\" nor \"..\"");
    says("agent", usage, "weir: there is an agent 'double' already: agents have unique names");
    says("take", usage, "weir: take(0): a batch needs at least one value");
    says("other", weir::exit_code::failed, "no such file: orders.conf");
}
