using DemoVlp.Modeling;
using DemoVlp.Modeling.VideoLanguage;
using static TorchSharp.torch;

namespace DemoVlp.Training.Fitting;

/// <summary>The network a run starts from.</summary>
internal static class StartingModel
{
    /// <summary>
    /// Loads a base model. Between the tasks only the head differs. For question answering it is given a head with the answers to learn: that of a retrieval model is
    /// new; a question-answering model keeps its answers, each with what it knows of it, and those it lacks are added with random weights. For retrieval
    /// a question-answering model leaves its head behind.
    /// </summary>
    /// <param name="directory">The base model's.</param>
    /// <param name="task">What is to be learnt.</param>
    /// <param name="answers">Answers to learn, the most frequent first.</param>
    /// <param name="seed">Of what is new; the same seed gives the same bits.</param>
    /// <exception cref="ModelFormatException">A code of <see cref="ModelDirectory.Load"/>.</exception>
    public static LoadedModel Load(string directory, string task, IReadOnlyList<string> answers, ulong seed)
    {
        var known = ModelDirectory.Load(directory);
        var (config, all) = Outline(known.Config, known.Answers, task, answers);
        if (config == known.Config) return known;
        using (known)
        {
            var network = ModelDirectory.Create(config, seed);
            var weights = ModelWeights.Of(known.Network).ToDictionary(w => w.Name, w => w.Value, StringComparer.Ordinal);
            ModelWeights.LoadMatching(network, weights);
            KeepRows(network, weights, known.Answers.Count, all.Count);
            return new LoadedModel(config, network, known.Vocabulary, all);
        }
    }

    /// <summary>Configuration and answers of the model that comes out: the base model's answers in their order, then those it lacks.</summary>
    public static (ModelConfig Config, IReadOnlyList<string> Answers) Outline(ModelConfig known, IReadOnlyList<string> knownAnswers, string task, IReadOnlyList<string> answers)
    {
        if (task == ModelTasks.Retrieval) return (known.ForRetrieval(), []);
        var there = knownAnswers.ToHashSet(StringComparer.Ordinal);
        IReadOnlyList<string> all = [.. knownAnswers, .. answers.Where(a => !there.Contains(a))];
        return (known.ForQuestionAnswering(all.Count), all);
    }

    // The rows of the answers that were there before, in the head's last layer.
    private static void KeepRows(nn.Module network, Dictionary<string, Tensor> weights, int before, int now)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        foreach (var (name, parameter) in ModelWeights.Of(network))
        {
            if (before == 0 || parameter.dim() == 0 || !weights.TryGetValue(name, out var weight) || weight.dim() != parameter.dim()) continue;
            if (weight.shape[0] == before && parameter.shape[0] == now && weight.shape.Skip(1).SequenceEqual(parameter.shape.Skip(1))) parameter.narrow(0, 0, before).copy_(weight);
        }
    }
}
