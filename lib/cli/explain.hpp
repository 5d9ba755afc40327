// SPDX-License-Identifier: Apache-2.0
// `prog explain TOPIC PARTITION`: says in one line what holds a partition's commit back.
#pragma once
#include <string>

#include <weir/message.hpp>

namespace weir::detail {

class engine;

/// Prints one answer to one question on standard output. Used on the loop's thread: `look` during
/// the run, `end` after it.
class explanation {
public:
    explanation(engine& e, topic_partition asked) : of_(e), asked_(std::move(asked)) {}

    /// What is wrong with the question, once the topic's partitions are known; empty if nothing is.
    std::string wrong() const;
    /// Answers if something holds the commit back now.
    void look();
    /// If nothing has held it back, says how far the run has come.
    void end();

private:
    void answer(const std::string& text);

    engine& of_;
    const topic_partition asked_;
    bool answered_ = false;
};

}  // namespace weir::detail
