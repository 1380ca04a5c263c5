using System.Collections.Concurrent;
using DemoVlp.Artifacts;
using DemoVlp.Contracts.Http;
using DemoVlp.Modeling;
using DemoVlp.Modeling.VideoLanguage;
using DemoVlp.Training.Data;

namespace DemoVlp.Training.Registry;

/// <summary>Sizes of models, read from their directories once: a version never changes.</summary>
internal sealed class ModelConfigurations(IArtifactStore artifacts)
{
    private readonly ConcurrentDictionary<string, ModelConfiguration> known = new(StringComparer.Ordinal);

    /// <summary>A model's sizes; null if its directory cannot be read.</summary>
    public ModelConfiguration? Find(ModelRow model)
    {
        if (known.TryGetValue(model.Version, out var configuration)) return configuration;
        try
        {
            var config = ModelConfig.Parse(File.ReadAllText(Path.Combine(artifacts.GetLocalDirectory(model.Directory), "config.json")));
            return known[model.Version] = Describe(config);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ModelFormatException)
        {
            // What its activation says is told there; a list must not fail for one model.
            return null;
        }
    }

    public static ModelConfiguration Describe(ModelConfig config) => new()
    {
        FeatureDim = config.ObjectConfig.FeatureDim, Frames = config.ObjectConfig.NumFrames, RegionsPerFrame = config.ObjectConfig.ObjectNum, ProjectionDim = config.ProjectionDim,
        MaxTextLength = config.MaxTextLength, Vocabulary = config.TextConfig.VocabSize, Answers = config.Task == Modeling.VideoLanguage.ModelTasks.QuestionAnswering ? config.NumLabels : 0,
        Parameters = ModelSize.Parameters(config), Padding = config.Padding == PaddingRule.Reference ? "reference" : "masked",
    };
}
