// SPDX-License-Identifier: Apache-2.0
// Draws pipelines into the graph, when their agents are added.
#pragma once
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <weir/graph.hpp>
#include <weir/graph/host.hpp>
#include <weir/graph/topic_info.hpp>

namespace weir::detail {

class table_info;

/// `{app}-{table}-changelog`
std::string changelog_name(const std::string& app, const std::string& table);

/// The last node drawn of a pipeline. Pipelines are drawn from left to right.
struct drawn_stream {
    std::size_t node = 0;
    // topics that the values come from: a derived topic gets as many partitions
    std::vector<topic_info*> from{};
    std::vector<std::size_t> also{};  // further nodes of a stream of several topics
    bool in_batches = false;          // its values may be processed several at a time
    // Tables whose changes the values are, at once. They come of messages of the topics that
    // change the tables.
    struct changing_table {
        table_info* table;
        topic_info* changelog;
    };
    std::vector<changing_table> of{};
};
class graph_builder {
public:
    graph_builder(graph&, host&, std::string app, std::string agent);
    ~graph_builder();

    drawn_stream topic(topic_info&, std::string key, std::string value);
    drawn_stream read(topic_info&, std::string key, std::string value);
    drawn_stream source(std::string name, std::string value);
    drawn_stream operation(const drawn_stream& before, std::string name, std::string key,
                           std::string value);
    drawn_stream merge(const drawn_stream* all, std::size_t n, std::string key, std::string value);
    void join(const drawn_stream& before, const drawn_stream& next);
    /// The internal topic of a `group_by`: `topic` or, if that is empty,
    /// `{app}-{agent}-{name}-repartition`. The second of that name gets `-2`.
    topic_info& repartition(const std::string& name, const std::string& topic, topic_options,
                            const drawn_stream& of);
    /// A topic that is sent to by name. It is derived from the source unless it is declared.
    topic_info& derived(const std::string& name, const drawn_stream& of);
    /// A topic that is sent to by handle.
    topic_info& declared(topic_info&, const drawn_stream& of);
    /// The agent reads what it has sent to a topic: the pipeline goes on behind `before`.
    void resume(const drawn_stream& before);

    /// The pipeline reads the table's changelog.
    template <class Table>
    drawn_stream read_changes(Table& t, std::string key, std::string value) {
        if (!t.is_topic) t.changelog = &derive_changelog(t.name);
        return read(*t.changelog, std::move(key), std::move(value));
    }
    /// Where the last operator stands: the stream that it works on, not a topic that it sends to.
    /// `end`, if there is no operator.
    drawn_stream last_operator(const drawn_stream& end) const;
    /// The stream's last operator changes the table.
    template <class Table>
    void changes(Table& t, const drawn_stream& of) {
        changes(
            t, t.is_topic ? node{} : node{graph::kind::table, t.name, {}, t.key_type, t.value_type},
            of);
    }

    /// A table that an operator has for itself: `{agent}-{what}`. The second of that name gets
    /// `-2`.
    template <class Table>
    Table& own_table(std::unique_ptr<Table> made, const std::string& what) {
        made->name = own_name(what);
        auto& t = host_->declare(std::move(made));
        own_tables_.push_back(&t);
        return t;
    }
    /// In drawing order.
    const std::vector<table_info*>& own_tables() const { return own_tables_; }

    /// The stream's last operator joins it with the table; of a global one with all partitions.
    template <class Table>
    void joins(Table& t, const drawn_stream& of) {
        joins(t, table_node(t), t.is_global ? t.changelog : nullptr, of);
    }

    /// Two tables that are joined with each other: a node `name`, and the stream behind it.
    template <class A, class B>
    drawn_stream join_tables(A& a, B& b, std::string name, std::string key, std::string value) {
        for_joining(a);
        for_joining(b);
        table_joins_.push_back({&a, &b});
        return join_tables(
            table_node(a), table_node(b), {{&a, a.changelog}, {&b, b.changelog}},
            {graph::kind::operation, std::move(name), {}, std::move(key), std::move(value)});
    }
    struct joined_tables_pair {
        table_info *left, *right;
    };
    const std::vector<joined_tables_pair>& table_joins() const { return table_joins_; }

    /// A table, and the topics whose messages change it, or are joined with it; and tables whose
    /// changes do, that is, the topics of these.
    struct used_table {
        table_info* table;
        std::vector<topic_info*> by;
        std::vector<table_info*> of{};
    };
    const std::vector<used_table>& changed_tables() const { return changed_; }
    const std::vector<used_table>& joined_tables() const { return joined_; }
    /// The topics of this agent's boundaries, in drawing order.
    const std::vector<topic_info*>& passed_through() const { return through_; }
    /// Those of them that its `group_by`s have made.
    const std::vector<topic_info*>& repartitions() const { return repartitions_; }
    /// The topics that it reads.
    const std::vector<topic_info*>& sources() const { return sources_; }

private:
    using node = graph::node;
    template <class Table>
    static node table_node(const Table& t) {
        const bool is_topic = t.is_topic && !t.is_global;
        const auto kind = is_topic ? graph::kind::topic : graph::kind::table;
        return {kind, t.name, {}, t.key_type, t.value_type};
    }
    template <class Table>
    void for_joining(Table& t) {
        if (!t.is_topic) t.changelog = &derive_changelog(t.name);
    }
    drawn_stream join_tables(node, node, std::vector<drawn_stream::changing_table>, node);
    topic_info& passes(topic_info&);
    std::string own_name(const std::string& what);
    topic_info& derive_changelog(const std::string& table);
    /// A table that a topic is has no node of its own: its name is empty.
    void changes(table_info&, node, const drawn_stream&);
    void joins(table_info&, node, const topic_info* global, const drawn_stream&);

    graph* to_;
    host* host_;
    std::string app_, agent_;
    std::vector<topic_info*> through_, repartitions_, sources_;
    std::vector<std::string> own_names_;
    std::vector<table_info*> own_tables_;
    std::vector<used_table> changed_, joined_;
    std::vector<joined_tables_pair> table_joins_;
    std::optional<drawn_stream> last_operator_;
};

}  // namespace weir::detail
