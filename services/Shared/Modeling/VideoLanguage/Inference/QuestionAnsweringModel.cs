using DemoVlp.Modeling.Regions;
using static TorchSharp.torch;

namespace DemoVlp.Modeling.VideoLanguage.Inference;

/// <summary>A loaded QA model. Synchronous, arrays in and out; any number of threads may call it at once (the network is only read).</summary>
public sealed class QuestionAnsweringModel : IDisposable
{
    private readonly LoadedModel model;
    private readonly ObjectQARelation network;
    private readonly Device device;

    /// <summary>Takes over a loaded model.</summary>
    /// <exception cref="ModelFormatException"><c>model-task</c>: it is a retrieval model.</exception>
    public QuestionAnsweringModel(LoadedModel model, Device? device = null)
    {
        network = model.Network as ObjectQARelation ?? throw new ModelFormatException("model-task", "The model searches; questions need a question-answering model.");
        (this.model, this.device) = (model, device ?? CPU);
    }

    /// <summary>Loads a model directory (<see cref="ModelDirectory.Load"/>).</summary>
    public static QuestionAnsweringModel Load(string directory, Device? device = null, ComputePrecision precision = ComputePrecision.Float32) =>
        new(ModelDirectory.Load(directory, device, precision), device);

    /// <summary>Architecture.</summary>
    public ModelConfig Config => model.Config;

    /// <summary>Word pieces by token id.</summary>
    public IReadOnlyList<string> Vocabulary => model.Vocabulary;

    /// <summary>All answers the model knows, by label.</summary>
    public IReadOnlyList<string> Answers => model.Answers;

    /// <summary>Answers a question about a video.</summary>
    /// <param name="frames">The video's frames, in order of time; at most the configured number are taken, evenly.</param>
    /// <param name="tokenIds">The question, [CLS] first and [SEP] last; what exceeds the model's length is cut.</param>
    /// <param name="top">How many answers to give, at least 1.</param>
    /// <exception cref="ModelFormatException"><c>regions-mismatch</c>.</exception>
    /// <exception cref="ArgumentException">Fewer than two tokens, or one outside the vocabulary.</exception>
    public VideoAnswer Answer(IReadOnlyList<FrameRegions> frames, IReadOnlyList<int> tokenIds, int top = 5) => AnswerAll([frames], tokenIds, top)[0];

    /// <summary>Asks several videos the same question.</summary>
    public IReadOnlyList<VideoAnswer> AnswerAll(IReadOnlyList<IReadOnlyList<FrameRegions>> videos, IReadOnlyList<int> tokenIds, int top = 5) =>
        AnswerEach(videos, [.. videos.Select(_ => tokenIds)], top);

    /// <summary>Asks each video its own question; several questions about one video are as many pairs.</summary>
    /// <exception cref="ModelFormatException"><c>regions-mismatch</c>.</exception>
    /// <exception cref="ArgumentException">Not one question per video; fewer than two tokens, or one outside the vocabulary.</exception>
    public IReadOnlyList<VideoAnswer> AnswerEach(IReadOnlyList<IReadOnlyList<FrameRegions>> videos, IReadOnlyList<IReadOnlyList<int>> questions, int top = 5)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(top, 1);
        if (questions.Count != videos.Count) throw new ArgumentException($"{videos.Count} videos, but {questions.Count} questions.", nameof(questions));
        var inputs = videos.Select(v => ObjectInput.Create(v, Config.ObjectConfig)).ToList();
        var results = new VideoAnswer[inputs.Count];
        foreach (var group in Enumerable.Range(0, inputs.Count).GroupBy(i => inputs[i].Frames).SelectMany(g => g.Chunk(32)))
        {
            using var scope = NewDisposeScope();
            using var mode = inference_mode();
            var (objects, objectMask) = ObjectInput.Stack([.. group.Select(i => inputs[i])], device);
            var (ids, mask) = TextInput.Stack([.. group.Select(i => questions[i])], Config, device);
            var output = network.call(ids, mask, objects, objectMask);
            var (probabilities, labels) = output.Logits.softmax(-1).topk(Math.Min(top, Config.NumLabels));
            var (best, which, attention) = (probabilities.cpu(), labels.cpu(), output.Attention.cpu());
            for (var row = 0; row < group.Length; row++)
            {
                var chosen = which[row].data<long>().ToArray().Zip(best[row].data<float>().ToArray(), (label, p) => new AnswerCandidate(Answers[(int)label], p));
                results[group[row]] = new VideoAnswer([.. chosen], Weights(inputs[group[row]], attention[row].data<float>().ToArray()));
            }
        }
        return results;
    }

    /// <inheritdoc/>
    public void Dispose() => model.Dispose();

    private static RegionWeight[] Weights(ObjectInput input, float[] attention) =>
        [.. Enumerable.Range(0, attention.Length).Where(i => input.Mask[i] != 0).Select(i => new RegionWeight(input.Tokens[i], attention[i]))];
}
