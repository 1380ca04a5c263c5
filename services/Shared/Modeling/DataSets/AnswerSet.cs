using System.Text.Json;

namespace DemoVlp.Modeling.DataSets;

/// <summary>The answers a question-answering model chooses from, each with its label.</summary>
public sealed class AnswerSet
{
    private const long MaximumBytes = 16 << 20;

    // Of two labels of one answer either could be meant.
    private static readonly JsonSerializerOptions Json = new() { AllowDuplicateProperties = false };

    private readonly Dictionary<string, int> labels;

    private AnswerSet(string[] answers, Dictionary<string, int> labels) => (Answers, this.labels) = (answers, labels);

    /// <summary>The answers in the order of their labels.</summary>
    public IReadOnlyList<string> Answers { get; }

    /// <summary>The label of an answer, 0 to count - 1; -1 if it has none.</summary>
    public int LabelOf(string answer) => labels.GetValueOrDefault(answer, -1);

    /// <summary>Reads a JSON object from answers to labels: <c>msrvtt_train_ans2label.json</c>, <c>frameqa_trainval_ans2label.json</c>.</summary>
    /// <exception cref="ModelFormatException"><c>dataset-malformed</c>: no such object, or labels that are not 0 to count - 1.</exception>
    public static AnswerSet FromLabels(string path)
    {
        if (new FileInfo(path).Length > MaximumBytes) throw DataSetRequest.Malformed(path, "it is too large for a list of answers.");
        Dictionary<string, int> labels;
        try
        {
            labels = JsonSerializer.Deserialize<Dictionary<string, int>>(File.ReadAllText(path), Json) ?? []; // As text: files begin with a byte order mark now and then.
        }
        catch (JsonException e)
        {
            throw DataSetRequest.Malformed(path, "it is no JSON object from answers to numbers, each answer once.", e);
        }
        var answers = new string[labels.Count];
        foreach (var (answer, label) in labels)
        {
            if (label < 0 || label >= answers.Length || answers[label] is not null) throw DataSetRequest.Malformed(path, $"the label {label} of '{answer}' is not one of 0 to {answers.Length - 1}, each once.");
            answers[label] = answer;
        }
        return answers.Length > 0 ? new AnswerSet(answers, new(labels, StringComparer.Ordinal)) : throw DataSetRequest.Malformed(path, "it holds no answers.");
    }

    /// <summary>Reads a text file with one answer per line, labelled from 0: <c>msvd_answer_set.txt</c>.</summary>
    /// <exception cref="ModelFormatException"><c>dataset-malformed</c>: an empty line or an answer that stands twice.</exception>
    public static AnswerSet FromLines(string path)
    {
        if (new FileInfo(path).Length > MaximumBytes) throw DataSetRequest.Malformed(path, "it is too large for a list of answers.");
        var answers = File.ReadAllText(path).TrimEnd().Split('\n', StringSplitOptions.TrimEntries);
        var labels = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var label = 0; label < answers.Length; label++)
        {
            if (answers[label].Length == 0 || !labels.TryAdd(answers[label], label)) throw DataSetRequest.Malformed(path, $"line {label + 1} is empty or repeats an answer.");
        }
        return new AnswerSet(answers, labels);
    }
}
