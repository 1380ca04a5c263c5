using DemoVlp.Contracts.Models;
using DemoVlp.Training.Datasets;

namespace DemoVlp.Training.Fitting;

/// <summary>One thing to learn or to measure: a clip and one of its texts.</summary>
/// <param name="Clip">The clip.</param>
/// <param name="FirstText">Index of its first text in <see cref="Examples.Texts"/>.</param>
/// <param name="Texts">How many there are to choose from: a clip's captions, or the one question.</param>
/// <param name="Answer">The right answer to the question.</param>
internal sealed record Example(Clip Clip, int FirstText, int Texts, string? Answer = null)
{
    /// <summary>Multiple choices to learn from besides, or the one to measure on.</summary>
    public IReadOnlyList<ChoiceTexts> Choices { get; init; } = [];
}

/// <summary>Where the sentences of a multiple choice are in <see cref="Examples.Texts"/>: one after the other.</summary>
/// <param name="First">Index of the first one.</param>
/// <param name="Count">How many there are.</param>
/// <param name="Answer">Which is right, from 0.</param>
internal sealed record ChoiceTexts(int First, int Count, int Answer);

/// <summary>
/// What a run learns from. For retrieval an example is a clip, one caption of which is taken in each pass (and the first when measuring);
/// for question answering it is a question. The same clips give the same examples.
/// </summary>
internal sealed class Examples
{
    /// <summary>Fewer cannot be told apart, and so not learnt from.</summary>
    public const int Fewest = 2;

    /// <summary>Most clips that a validation looks at, evenly spread over the split: every caption is compared with every clip.</summary>
    public const int MostValidationClips = 1000;

    /// <summary>Wrong sentences of a multiple choice that a step sets against the right one.</summary>
    public const int NearMisses = 2;

    private readonly string task;
    private readonly IReadOnlyList<string>? questionTypes;
    private readonly List<Example> train = [], validation = [];
    private readonly List<int> trainClips = [];
    private readonly List<string> texts = [];
    private readonly Dictionary<string, int> unusable = [];

    private Examples(string task, IReadOnlyList<string>? questionTypes) => (this.task, this.questionTypes) = (task, questionTypes);

    public IReadOnlyList<Example> Train => train;

    /// <summary>Examples of each clip in <see cref="Train"/>, where they stand one after the other.</summary>
    public IReadOnlyList<int> TrainClips => trainClips;

    public IReadOnlyList<Example> Validation => validation;

    /// <summary>Clips that <see cref="Validation"/> is about.</summary>
    public int ValidationClips { get; private set; }

    /// <summary>All captions or questions, each one line.</summary>
    public IReadOnlyList<string> Texts => texts;

    /// <summary>What a step of so many samples encodes for each of them.</summary>
    public SampleSize SampleSize(int longestText, int batchSize) =>
        new(longestText, train.Exists(e => e.Choices.Count > 0) ? 2 + NearMisses : 1, BatchPlan.VideosPerExample(trainClips, batchSize));

    /// <summary>What of the clips to learn from cannot be used, by reason: <c>no-captions</c>, <c>no-questions</c> (none of the types to learn), <c>no-answer</c>.</summary>
    public IReadOnlyDictionary<string, int> Unusable => unusable;

    /// <summary>The examples of clips; of their questions those of the given types (null: all).</summary>
    public static Examples Of(string task, IReadOnlyList<Clip> train, IReadOnlyList<Clip> validation, IReadOnlyList<string>? questionTypes)
    {
        var examples = new Examples(task, questionTypes);
        foreach (var clip in train)
        {
            var before = examples.train.Count;
            examples.Add(clip, examples.train, measured: false);
            if (examples.train.Count > before) examples.trainClips.Add(examples.train.Count - before);
        }
        foreach (var clip in validation)
        {
            var before = examples.validation.Count;
            examples.Add(clip, examples.validation, measured: true);
            if (examples.validation.Count > before) examples.ValidationClips++;
        }
        return examples;
    }

    /// <summary>Clips for a validation, no more than it can look at.</summary>
    public static IReadOnlyList<Clip> Spread(IReadOnlyList<Clip> clips) => clips.Count <= MostValidationClips
        ? clips
        : [.. Enumerable.Range(0, MostValidationClips).Select(i => clips[(int)((long)i * clips.Count / MostValidationClips)])];

    /// <summary>Answers to learn, the most frequent first.</summary>
    public IReadOnlyList<string> Answers() =>
        [.. train.Select(e => e.Answer).OfType<string>().GroupBy(a => a, StringComparer.Ordinal).OrderByDescending(g => g.Count()).ThenBy(g => g.Key, StringComparer.Ordinal).Select(g => g.Key)];

    /// <summary>Why they cannot be trained on; null: they can.</summary>
    public (string Code, string Detail)? Check() => (train.Count, task) switch
    {
        ( >= Fewest, _) => null,
        (0, ModelTasks.QuestionAnswering) when questionTypes is not null =>
            ("dataset-has-no-questions", "No clip that the data set has to learn from comes with a question of these types: " + string.Join(", ", questionTypes) + "."),
        (0, ModelTasks.QuestionAnswering) => ("dataset-has-no-questions", "No clip that the data set has to learn from comes with a question and its answer; uploaded videos have captions only."),
        (_, ModelTasks.QuestionAnswering) => ("dataset-too-small", $"Training needs at least {Fewest} questions with answers about clips that have regions."),
        _ => ("dataset-too-small", $"Training needs at least {Fewest} videos that have captions and regions; GET /api/v1/datasets says how many there are."),
    };

    private void Add(Clip clip, List<Example> examples, bool measured)
    {
        if (task == ModelTasks.QuestionAnswering)
        {
            var questions = clip.Questions.Where(q => questionTypes is null || questionTypes.Contains(q.Type, StringComparer.Ordinal)).ToList();
            if (questions.Count == 0) Count("no-questions", measured);
            foreach (var question in questions)
            {
                if (OneLine(question.Question) is not { Length: > 0 } text || OneLine(question.Answer) is not { Length: > 0 } answer) Count("no-answer", measured);
                else examples.Add(new Example(clip, Enter(text), 1, answer));
            }
            return;
        }
        // What is right of a multiple choice describes the clip too: some benchmarks come with nothing else.
        var described = clip.Captions.Count > 0 ? clip.Captions : clip.Choices.Where(c => c.Answer >= 0 && c.Answer < c.Options.Count).Select(c => c.Options[c.Answer]);
        var captions = described.Select(OneLine).Where(c => c.Length > 0).Take(measured ? 1 : int.MaxValue).ToList();
        if (captions.Count == 0) Count("no-captions", measured);
        else examples.Add(new Example(clip, captions.Select(Enter).ToList()[0], captions.Count) { Choices = [.. Choices(clip).Take(measured ? 1 : int.MaxValue)] });
    }

    // Those that can be used.
    private IEnumerable<ChoiceTexts> Choices(Clip clip)
    {
        foreach (var choice in clip.Choices)
        {
            var options = choice.Options.Select(OneLine).ToList();
            if (options.Count < 2 || options.Exists(o => o.Length == 0) || choice.Answer < 0 || choice.Answer >= options.Count) continue;
            yield return new ChoiceTexts(options.Select(Enter).ToList()[0], options.Count, choice.Answer);
        }
    }

    private int Enter(string text)
    {
        texts.Add(text);
        return texts.Count - 1;
    }

    private void Count(string reason, bool measured)
    {
        if (!measured) unusable[reason] = unusable.GetValueOrDefault(reason) + 1;
    }

    // A text is a line of the corpus, and an answer one of the model's directory.
    private static string OneLine(string text) => text.AsSpan().IndexOfAny('\n', '\r') < 0 ? text.Trim() : string.Join(' ', text.Split(['\n', '\r'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
}
