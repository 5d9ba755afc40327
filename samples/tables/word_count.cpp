// SPDX-License-Identifier: Apache-2.0
// Counts the words of lines of text, as the WordCount of Kafka Streams does:
//
//     word_count --input lines=lines.txt --keyed-output word-counts
//
// Prints:
//   all	1
//   streams	1
//   lead	1
//   to	1
//   kafka	1
//   hello	1
//   kafka	2
//   streams	2
//   join	1
//   kafka	3
//   summit	1
#include <cctype>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>
#include <weir/weir.hpp>

/// The words of a line, in small letters.
std::vector<std::string> words(const std::string& line) {
    std::vector<std::string> all(1);
    for (const char letter : line) {
        const auto c = static_cast<unsigned char>(letter);
        if (std::isalnum(c)) all.back().push_back(static_cast<char>(std::tolower(c)));
        else if (!all.back().empty()) all.emplace_back();
    }
    if (all.back().empty()) all.pop_back();
    return all;
}

int main(int argc, char** argv) try {
    weir::app app{"words"};

    // [count]
    auto lines = app.topic<std::string>("lines");
    auto counts = app.table<std::string, std::int64_t>("counts");

    app.agent("count", lines                        // stream of std::string, a line each
        | weir::flat_map(words)                     // of std::string, a word each
        | weir::group_by(std::identity{}, "word")   // keyed by the word, in a topic
        | weir::count(counts)                       // of std::int64_t: how many there are now
        | weir::to("word-counts"));
    // [/count]

    return app.main(argc, argv);
} catch (const std::exception& e) {
    return weir::report_error(argv, e);
}
