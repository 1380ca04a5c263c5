using DemoVlp.Modeling.Regions;
using static TorchSharp.torch;

namespace DemoVlp.Modeling.VideoLanguage.Inference;

/// <summary>
/// A loaded retrieval model: videos and texts to embeddings, and the region-word alignment between them. Synchronous, arrays in and out;
/// any number of threads may call it at once (the network is only read). Keep calls off the thread of a dispose scope that awaits.
/// </summary>
public sealed class RetrievalModel : IDisposable
{
    private readonly LoadedModel model;
    private readonly ObjectRelation network;
    private readonly Device device;

    /// <summary>Takes over a loaded model.</summary>
    /// <exception cref="ModelFormatException"><c>model-task</c>: it answers questions instead.</exception>
    public RetrievalModel(LoadedModel model, Device? device = null)
    {
        network = model.Network as ObjectRelation ?? throw new ModelFormatException("model-task", "The model answers questions; search needs a retrieval model.");
        (this.model, this.device) = (model, device ?? CPU);
    }

    /// <summary>Loads a model directory (<see cref="ModelDirectory.Load"/>).</summary>
    public static RetrievalModel Load(string directory, Device? device = null, ComputePrecision precision = ComputePrecision.Float32) =>
        new(ModelDirectory.Load(directory, device, precision), device);

    /// <summary>Architecture.</summary>
    public ModelConfig Config => model.Config;

    /// <summary>Word pieces by token id.</summary>
    public IReadOnlyList<string> Vocabulary => model.Vocabulary;

    /// <summary>d: numbers in a global embedding.</summary>
    public int Dimension => model.Config.ProjectionDim;

    /// <summary>Embeds a video from its frames, in order of time; at most the configured number are taken, evenly.</summary>
    /// <exception cref="ModelFormatException"><c>regions-mismatch</c>.</exception>
    public VideoEmbedding EmbedVideo(IReadOnlyList<FrameRegions> frames) => EmbedVideos([frames])[0];

    /// <summary>Embeds several videos at once.</summary>
    /// <exception cref="ModelFormatException"><c>regions-mismatch</c>.</exception>
    public IReadOnlyList<VideoEmbedding> EmbedVideos(IReadOnlyList<IReadOnlyList<FrameRegions>> videos)
    {
        var inputs = videos.Select(v => ObjectInput.Create(v, Config.ObjectConfig)).ToList();
        var embeddings = new VideoEmbedding[inputs.Count];
        foreach (var group in Enumerable.Range(0, inputs.Count).GroupBy(i => inputs[i].Frames))
        {
            using var scope = NewDisposeScope();
            using var mode = inference_mode();
            var (objects, mask) = ObjectInput.Stack([.. group.Select(i => inputs[i])], device);
            var (tokens, _) = network.EncodeObjects(objects, mask);
            var (global, local) = Split(tokens);
            var row = 0;
            foreach (var i in group)
            {
                embeddings[i] = new VideoEmbedding(Array(global[row]), Array(local[row]), [.. inputs[i].Mask.Select(m => m != 0)], inputs[i].Tokens);
                row++;
            }
        }
        return embeddings;
    }

    /// <summary>Embeds a text from its token ids, [CLS] first and [SEP] last; what exceeds the model's length is cut.</summary>
    /// <exception cref="ArgumentException">Fewer than two tokens, or one outside the vocabulary.</exception>
    public TextEmbedding EmbedText(IReadOnlyList<int> tokenIds) => EmbedTexts([tokenIds])[0];

    /// <summary>Embeds several texts at once; under <see cref="PaddingRule.Masked"/> padding to the longest is not part of the result.</summary>
    /// <exception cref="ArgumentException">Fewer than two tokens, or one outside the vocabulary.</exception>
    public IReadOnlyList<TextEmbedding> EmbedTexts(IReadOnlyList<IReadOnlyList<int>> texts)
    {
        if (texts.Count == 0) return [];
        using var scope = NewDisposeScope();
        using var mode = inference_mode();
        var (ids, mask) = TextInput.Stack(texts, Config, device);
        var (global, local) = Split(network.EncodeText(ids, mask));
        var real = mask.sum(1).cpu();
        var embeddings = new TextEmbedding[texts.Count];
        for (var i = 0; i < embeddings.Length; i++)
        {
            var words = real[i].item<long>() - 1;
            var kept = Config.Padding == PaddingRule.Reference ? local.shape[1] : words;
            embeddings[i] = new TextEmbedding(Array(global[i]), Array(local[i].narrow(0, 0, kept)), [.. Enumerable.Range(0, (int)kept).Select(l => l < words)]);
        }
        return embeddings;
    }

    /// <summary>Region-word alignment of a text with each of several videos, in [-2, 2] (<see cref="RegionWordAlignment"/>).</summary>
    public float[] Align(TextEmbedding text, IReadOnlyList<VideoEmbedding> videos)
    {
        var scores = new float[videos.Count];
        // Videos with fewer frames have fewer tokens. Blocks bound the memory for any number of candidates.
        foreach (var group in Enumerable.Range(0, videos.Count).GroupBy(i => videos[i].Mask.Length).SelectMany(g => g.Chunk(64)))
        {
            using var scope = NewDisposeScope();
            using var mode = inference_mode();
            var (words, wordMask) = Locals(text.Local, text.Mask);
            var pairs = group.Select(i => Locals(videos[i].Local, videos[i].Mask)).ToList();
            var similarity = RegionWordAlignment.For(Config).Similarity(cat([.. pairs.Select(p => p.Values)]), cat([.. pairs.Select(p => p.Mask)]), words, wordMask);
            var values = Array(similarity.flatten());
            for (var i = 0; i < group.Length; i++) scores[group[i]] = values[i];
        }
        return scores;
    }

    /// <summary>For each word of the text ([SEP] included) the region of the video it looks at most; empty if the video has no regions.</summary>
    public IReadOnlyList<WordEvidence> Evidence(TextEmbedding text, VideoEmbedding video)
    {
        if (!video.Mask.Contains(true)) return [];
        using var scope = NewDisposeScope();
        using var mode = inference_mode();
        var (words, wordMask) = Locals(text.Local, text.Mask);
        var (regions, regionMask) = Locals(video.Local, video.Mask);
        var (weights, contexts) = RegionWordAlignment.For(Config).Attend(words, wordMask, regions, regionMask); // (1, 1, L, R), (1, 1, L, d)
        var (best, index) = weights[0, 0].max(-1);
        var similarity = nn.functional.cosine_similarity(words[0], contexts[0, 0], dim: -1);
        var (bestWeights, regionsOfWords, similarities) = (Array(best), index.cpu().data<long>().ToArray(), Array(similarity));
        return [.. Enumerable.Range(0, text.Mask.Length).Where(l => text.Mask[l])
            .Select(l => new WordEvidence(l + 1, video.Tokens[regionsOfWords[l]], bestWeights[l], similarities[l]))];
    }

    /// <summary>Scores options as descriptions of a video: cosine plus alignment. The largest is the answer.</summary>
    public float[] ScoreOptions(VideoEmbedding video, IReadOnlyList<TextEmbedding> options) => [.. options.Select(o => o.GlobalScore(video) + Align(o, [video])[0])];

    /// <inheritdoc/>
    public void Dispose() => model.Dispose();

    private (Tensor Values, Tensor Mask) Locals(float[] local, bool[] mask)
    {
        // The published loader's masks are float64, and with them the published attention.
        var type = Config.Padding == PaddingRule.Reference ? ScalarType.Float64 : ScalarType.Float32;
        return (tensor(local, [1, mask.Length, Dimension], device: device), tensor([.. mask.Select(m => m ? 0f : -100f)], [1, mask.Length], type, device));
    }

    private static (Tensor Global, Tensor Local) Split(Tensor tokens)
    {
        var all = tokens.cpu();
        var global = all.select(1, 0);
        return (global / global.norm(-1, keepdim: true).ClampMin(1e-8), all.narrow(1, 1, all.shape[1] - 1));
    }

    private static float[] Array(Tensor values) => values.cpu().contiguous().data<float>().ToArray();
}
