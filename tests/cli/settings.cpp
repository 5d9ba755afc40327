// SPDX-License-Identifier: Apache-2.0
// Properties and the broker from outside: the environment, files, arguments; which of them wins.
#include <doctest/doctest.h>

#include <string>

#include <weir/weir.hpp>

#include "app/engine.hpp"
#include "cli/captured.hpp"
#include "cli/commands.hpp"
#include "cli/properties.hpp"
#include "cli/temp_file.hpp"
#include "nearest.hpp"

namespace {

using weir::properties;
using weir::detail::put_environment;
using weir::detail::put_file;

struct variable {
    variable(const char* name, const char* value) : name_(name) { ::setenv(name, value, 1); }
    variable(const variable&) = delete;
    variable& operator=(const variable&) = delete;
    ~variable() { ::unsetenv(name_); }
    const char* name_;
};
/// What a program says to these arguments before anything starts.
tests::printed says(const std::vector<const char*>& arguments) {
    weir::app app{"a"};
    app.agent("x", app.topic<std::string>("t") | weir::to("u"));
    return tests::run(app, arguments);
}

}  // namespace

TEST_CASE("--set-file: name=value lines, comments, blanks; the last value of a name counts") {
    const temp_file f{"# who we are\n\nsasl.username = ann\r\n  sasl.password=a=b # c \n"
                      "client.id=\nsasl.username=bob"};
    properties all{{"acks", "1"}, {"client.id", "x"}};
    put_file(all, f.path());
    CHECK(all == properties{{"acks", "1"},
                            {"client.id", ""},
                            {"sasl.username", "bob"},
                            {"sasl.password", "a=b # c"}});
}

TEST_CASE("--set-file: what is wrong is named with file and line, and no value is shown") {
    const temp_file no_name{"a=b\n\n# x\nsecret\n"}, empty_name{" = secret\n"};
    const auto sentence = [](const std::string& path) {
        const auto said = says({"--set-file", path.c_str()});
        CHECK(said.code == weir::exit_code::usage);
        CHECK(said.out.empty());
        return said.err;
    };
    const std::string rest = ": not a property: write name=value, or # before a comment\n";
    CHECK(sentence(no_name.path()) == "prog: weir: " + no_name.path() + ":4" + rest);
    CHECK(sentence(empty_name.path()) == "prog: weir: " + empty_name.path() + ":1" + rest);
    CHECK(sentence("/no/such") ==
          "prog: weir: --set-file /no/such: No such file or directory: check the path\n");
    CHECK(sentence("/") == "prog: weir: --set-file /: this is a folder: name a file\n");
}

TEST_CASE("WEIR_SET_: an underscore is a dot, two are an underscore") {
    const char* const environment[] = {"PATH=/bin", "WEIR_SET_fetch_min_bytes=1",
                                       "WEIR_SET_a__b=x=y", "WEIR_BROKER=z", nullptr};
    properties all{{"fetch.min.bytes", "100"}};
    put_environment(all, environment);
    CHECK(all == properties{{"fetch.min.bytes", "1"}, {"a_b", "x=y"}});
    const variable nameless{"WEIR_SET_", "1"};
    const auto said = says({});
    CHECK(said.code == weir::exit_code::usage);
    CHECK(
        said.err.starts_with("prog: weir: WEIR_SET_ in the environment does not name a property"));
}

TEST_CASE("arguments win over files, files over the environment, that over the program") {
    const temp_file f{"b=file\nc=file\nd=file\n"}, later{"c=later\n"};
    const variable a{"WEIR_SET_b", "environment"}, b{"WEIR_SET_a", "environment"};
    weir::detail::engine e{"a", {.kafka = {{"a", "program"}, {"z", "program"}}}};
    weir::detail::arguments given;
    given.set = {"d=argument"};
    given.set_files = {f.path(), later.path()};
    weir::detail::apply_settings(e, given);
    CHECK(e.options().kafka == properties{{"a", "environment"},
                                          {"z", "program"},
                                          {"b", "file"},
                                          {"c", "later"},
                                          {"d", "argument"}});
}

TEST_CASE("WEIR_BROKER names the broker where --broker does not") {
    const variable broker{"WEIR_BROKER", "nats://x"};
    CHECK(says({"--until-idle", "0s"}).err ==
          "prog: weir: broker 'nats://x' is not a broker URL: use memory://, memory://NAME or "
          "kafka://host:port\n");
    CHECK(says({"--until-idle", "0s", "--broker", "memory://"}).code == weir::exit_code::ok);
}

TEST_CASE("a name that is almost one is answered with the one") {
    using weir::detail::nearest;
    const std::vector<std::string> known{"--broker", "--set", "--set-file", "--until-idle"};
    CHECK(nearest("--brker", known) == "--broker");
    CHECK(nearest("--brokre", known) == "--broker");
    CHECK(nearest("--until", known) == "--until-idle");
    CHECK(nearest("--set_file", known) == "--set-file");
    CHECK(nearest("--speed", known).empty());
    CHECK(nearest("", known).empty());
    CHECK(nearest(std::string(100'000, 'x'), known).empty());
}

TEST_CASE("a property that librdkafka does not know or take is refused without Kafka, too") {
    const auto refused = [](const char* property) {
        const auto said = says({"--set", property, "--until-idle", "0s"});
        CHECK(said.code == weir::exit_code::usage);
        return said.err;
    };
    CHECK(
        refused("lingr.ms=5").ends_with("has no property 'lingr.ms': did you mean 'linger.ms'?\n"));
    CHECK(refused("enable.auto.commit=true").find("enable.auto.commit=true is not possible") !=
          std::string::npos);
    CHECK(refused("fetch.min.bytes=many").find("fetch.min.bytes=many is not possible") !=
          std::string::npos);
    CHECK(says({"--set", "bootstrap.servers=a:1", "--until-idle", "0s"}).code ==
          weir::exit_code::ok);
}
